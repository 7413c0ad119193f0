package state

import (
	"os"
	"strings"
	"testing"
	"time"
)

func TestAudit(t *testing.T) {
	dir, err := Open(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	a := dir.Audit()
	if log, err := a.Entries(); err != nil || len(log) != 0 {
		t.Errorf("Entries of nothing = %v, %v", log, err)
	}
	at := time.Date(2026, 11, 21, 18, 0, 0, 0, time.FixedZone("", 3600))
	if err := a.Log(Entry{Time: at, Actor: "server", Action: "apply", Object: "config", Detail: "generation 4"}); err != nil {
		t.Fatal(err)
	}
	f, err := os.OpenFile(dir.Path(auditFile(0)), os.O_WRONLY|os.O_APPEND, 0)
	if err != nil {
		t.Fatal(err)
	}
	f.WriteString(`{"time":"2026-`) // power was cut here
	f.Close()
	if err := dir.Audit().Log(Entry{Actor: "owner", Action: "reset"}); err != nil {
		t.Fatal(err)
	}
	log, err := a.Entries()
	if err != nil || len(log) != 2 || log[0].Time.Format(time.RFC3339) != "2026-11-21T17:00:00Z" || log[1].Actor != "owner" || log[1].Time.IsZero() {
		t.Errorf("Entries = %v, %v", log, err)
	}
}

func TestAuditIsBounded(t *testing.T) {
	dir, err := Open(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	a := dir.Audit()
	long := strings.Repeat("x", 100<<10)
	const n = 20
	for i := range n {
		if err := a.Log(Entry{Actor: "agent", Action: "test", Detail: long, Object: strings.Repeat("i", i)}); err != nil {
			t.Fatal(err)
		}
	}
	var size int64
	names, _ := dir.list()
	for _, name := range names {
		info, err := os.Stat(dir.Path(name))
		if err != nil || info.Size() > auditSegment {
			t.Errorf("%s: %d bytes, %v", name, info.Size(), err)
		}
		size += info.Size()
	}
	if len(names) != auditSegments || size > auditSegments*auditSegment {
		t.Errorf("%d bytes in %v", size, names)
	}
	log, err := a.Entries()
	if err != nil || len(log) < 5 || len(log[len(log)-1].Object) != n-1 || len(log[0].Object) != n-len(log) {
		t.Errorf("%d entries are left, %v; want the last ones", len(log), err)
	}
}
