package telemetry

import (
	"os"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/ata-agent/ata-agent/state"
)

// TestBoots starts and ends the program in computers that start for all reasons.
func TestBoots(t *testing.T) {
	dir := state.Dir(t.TempDir())
	const dog = "sys/class/watchdog/watchdog0/bootstatus"
	for _, step := range []struct {
		name  string
		root  fstest.MapFS
		clean bool // the program is told to end
		want  string
	}{
		{"first start", fstest.MapFS{bootID: file("a\n")}, false, "0 0 0 0"},
		{"again after a crash of the program", fstest.MapFS{bootID: file("a\n")}, false, "0 0 0 0"},
		{"power cut", fstest.MapFS{bootID: file("b\n"), dog: file("0\n")}, true, "0 0 0 1"},
		{"again after it was told to end", fstest.MapFS{bootID: file("b\n")}, true, "0 0 0 1"},
		{"restart by a person", fstest.MapFS{bootID: file("c\n"), dog: file("rubbish")}, false, "0 0 1 1"},
		{"watchdog", fstest.MapFS{bootID: file("d\n"), dog: file("32\n")}, true, "0 1 1 1"},
		{"panic", fstest.MapFS{bootID: file("e\n"), dog: file("0x20\n"), "sys/fs/pstore/dmesg-ramoops-0": file("Oops")}, true, "1 1 1 1"},
		{"a kernel that does not tell", fstest.MapFS{}, true, "1 1 1 1"},
	} {
		b, err := openBoots(dir)
		if err != nil {
			t.Fatal(err)
		}
		if err := b.begin(step.root); err != nil {
			t.Fatal(err)
		}
		got, err := collect(t, b)
		var counts []string
		for i, line := range got {
			counts = append(counts, strings.TrimPrefix(line, "ata_reboots_total{"+bootReasons[i]+"} "))
		}
		if text := strings.Join(counts, " "); err != nil || text != step.want {
			t.Errorf("%s: panic, watchdog, user, power are %s, %v; want %s", step.name, text, err, step.want)
		}
		if step.clean {
			if err := b.end(); err != nil {
				t.Fatal(err)
			}
		}
	}
}

const bootID = "proc/sys/kernel/random/boot_id"

// TestBootsDamaged: a record that is damaged begins anew; a folder that cannot be
// written is told.
func TestBootsDamaged(t *testing.T) {
	dir := state.Dir(t.TempDir())
	if err := os.WriteFile(dir.Path(bootsFile), []byte(`{"boot":"x","counts":{"pow`), 0o600); err != nil {
		t.Fatal(err)
	}
	b, err := openBoots(dir)
	if err != nil {
		t.Fatal(err)
	}
	if err := b.begin(fstest.MapFS{bootID: file("a")}); err != nil || b.record.Boot != "a" {
		t.Errorf("%+v, %v", b.record, err)
	}
	b.dir = state.Dir(dir.Path("nowhere/at/all"))
	if err := b.begin(fstest.MapFS{bootID: file("b")}); err == nil || len(b.record.Counts) > 0 {
		t.Errorf("what cannot be written is counted: %+v, %v", b.record, err)
	}
}
