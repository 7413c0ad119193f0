package state

import (
	"bufio"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"
	"time"
)

// victimDir is set in the process that is killed.
const victimDir = "ATA_TEST_VICTIM_DIR"

func TestMain(m *testing.M) {
	if dir := os.Getenv(victimDir); dir != "" {
		fmt.Println("failed", victim(dir)) // it only ends by an error
		os.Exit(1)
	}
	os.Exit(m.Run())
}

// victim saves, rolls back and wipes until it is killed, and says what is done:
// "good N" when version N is confirmed, "wiping" before a wipe and "wiped"
// after it.
func victim(path string) error {
	for {
		dir, err := Open(path)
		if err != nil {
			return err
		}
		v, err := dir.Vault(Software())
		if err != nil {
			return err
		}
		d, err := v.Document("config")
		if err != nil {
			return err
		}
		fmt.Println("open")
		if err := work(d); err != nil {
			return err
		}
		if err := dir.WriteFile("plain", []byte("planted-secret")); err != nil {
			return err
		}
		fmt.Println("wiping")
		if err := dir.Wipe("test", "again", Software()); err != nil {
			return err
		}
		fmt.Println("wiped")
	}
}

// lastVersion is what is saved before a wipe.
const lastVersion = 2

func work(d *Document) error {
	for n := 1; n <= lastVersion; n++ {
		if _, err := d.SaveTrial(Meta{}, content(n)); err != nil {
			return err
		}
		if n%2 == 1 {
			if err := d.RollBack("test"); err != nil && !errors.Is(err, ErrNoVersion) {
				return err
			}
			continue
		}
		if err := d.Confirm(); err != nil && !errors.Is(err, ErrNoVersion) { // it was good before the kill
			return err
		}
		fmt.Println("good", n)
	}
	return nil
}

// content is a document of several pages that shows whether it is whole.
func content(n int) []byte {
	return []byte(fmt.Sprint(n) + strings.Repeat(" planted-secret", 2000) + " end")
}

// TestKillAtAnyMoment kills the process at random moments, 200 or with
// ATA_FULL=1 2,000: what it said was good is good, whole and sealed, and a wipe
// that had begun is finished at the next start.
func TestKillAtAnyMoment(t *testing.T) {
	kills := 200
	if os.Getenv("ATA_FULL") == "1" {
		kills = 2000
	}
	if testing.Short() {
		kills = 20
	}
	random := rand.New(rand.NewPCG(1, 2))
	path := t.TempDir()
	tally := map[string]int{}
	for range kills {
		last := killed(t, path, time.Duration(random.Int64N(int64(15*time.Millisecond))))
		tally[strings.Fields(last)[0]]++
		checkAfterKill(t, path, last)
		if t.Failed() {
			t.Fatalf("the last word was %q", last)
		}
	}
	t.Log("killed after:", tally)
}

// killed runs a victim, kills it some time after its first word, and returns its
// last.
func killed(t *testing.T, path string, wait time.Duration) (last string) {
	t.Helper()
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), victimDir+"="+path)
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); errors.Is(err, syscall.ENOEXEC) {
		t.Skip("the tests run in an emulator, which starts no programs of its kind")
	} else if err != nil {
		t.Fatal(err)
	}
	lines := bufio.NewScanner(out)
	for lines.Scan() {
		if last == "" {
			time.AfterFunc(wait, func() { _ = cmd.Process.Kill() })
		}
		last = lines.Text()
	}
	if cmd.Wait() == nil || strings.HasPrefix(last, "failed") {
		t.Fatalf("the victim ended by itself: %s", last)
	}
	return last
}

func checkAfterKill(t *testing.T, path, last string) {
	t.Helper()
	dir, err := Open(path)
	if err != nil {
		t.Fatal(err)
	}
	v, err := dir.Vault(Software())
	if err != nil {
		t.Fatal(err)
	}
	d, err := v.Document("config")
	if err != nil {
		t.Fatal(err)
	}
	_, data, err := d.LastGood()
	if err != nil && !errors.Is(err, ErrNoVersion) {
		t.Fatal(err)
	}
	n, said := 0, 0
	if err == nil {
		fmt.Sscan(string(data), &n)
		if string(data) != string(content(n)) {
			t.Errorf("the last good version is not whole: %d bytes", len(data))
		}
	}
	// The step after the one it told of may have been done.
	switch fmt.Sscanf(last, "good %d", &said); {
	case said > 0 && (n < said || n > said+2) && (said != lastVersion || n != 0):
		t.Errorf("good is %d, it said %d", n, said)
	case last == "wiped" && n > 0:
		t.Errorf("good is %d after a wipe", n)
	}
	if (last == "wiping" || last == "wiped") && n == 0 {
		checkWiped(t, dir)
	}
	if file := grep(t, dir, "planted-secret"); file != "" && file != "plain" && !strings.HasPrefix(file, ".plain.") {
		t.Errorf("%s holds a secret in plain", file)
	}
}

// checkWiped expects nothing of before, also when the wipe ended at a start.
func checkWiped(t *testing.T, dir Dir) {
	t.Helper()
	if file := grep(t, dir, "planted-secret"); file != "" {
		t.Errorf("%s survived the wipe", file)
	}
	if log, err := dir.Audit().Entries(); err != nil || len(log) != 1 || log[0].Action != "wipe" {
		t.Errorf("audit log after the wipe: %v, %v", log, err)
	}
}
