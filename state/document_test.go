package state

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"slices"
	"strings"
	"testing"
)

// memory is a folder that counts its writes.
type memory struct {
	files  map[string][]byte
	writes int
}

func newMemory() *memory { return &memory{files: map[string][]byte{}} }

func (m *memory) read(name string) ([]byte, error) {
	data, ok := m.files[name]
	if !ok {
		return nil, fs.ErrNotExist
	}
	return data, nil
}

func (m *memory) write(name string, data []byte) error {
	m.writes++
	m.files[name] = bytes.Clone(data)
	return nil
}

func (m *memory) remove(name string) error {
	delete(m.files, name)
	return nil
}

func (m *memory) destroy(name string) error { return m.remove(name) }
func (m *memory) list() ([]string, error)   { return slices.Sorted(maps.Keys(m.files)), nil }

func openDocument(t *testing.T, f folder) *Document {
	t.Helper()
	v, err := openVault(f, []Keeper{Software()})
	if err != nil {
		t.Fatal(err)
	}
	d, err := v.Document("config")
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func mustSave(t *testing.T, d *Document, save func(Meta, []byte) (bool, error), text string) {
	t.Helper()
	if changed, err := save(Meta{Source: "test"}, []byte(text)); err != nil || !changed {
		t.Fatalf("saving %q: %v, %v", text, changed, err)
	}
}

func wantGood(t *testing.T, d *Document, text string) {
	t.Helper()
	if _, data, err := d.LastGood(); err != nil || string(data) != text {
		t.Errorf("LastGood = %q, %v, want %q", data, err, text)
	}
}

func TestTrialConfirmRollBack(t *testing.T) {
	m := newMemory()
	d := openDocument(t, m)
	if _, _, err := d.LastGood(); !errors.Is(err, ErrNoVersion) {
		t.Errorf("LastGood of nothing: %v", err)
	}
	if err := d.Confirm(); !errors.Is(err, ErrNoVersion) {
		t.Errorf("Confirm of nothing: %v", err)
	}
	mustSave(t, d, d.SaveTrial, "one")
	if _, _, err := d.LastGood(); !errors.Is(err, ErrNoVersion) {
		t.Errorf("LastGood before Confirm: %v", err)
	}
	if v, data, err := d.Trial(); err != nil || string(data) != "one" || v.Source != "test" {
		t.Errorf("Trial = %v %q %v", v, data, err)
	}
	if err := d.Confirm(); err != nil {
		t.Fatal(err)
	}
	wantGood(t, d, "one")
	mustSave(t, d, d.SaveTrial, "two")
	wantGood(t, openDocument(t, m), "one")
	if err := d.RollBack("no registration"); err != nil {
		t.Fatal(err)
	}
	wantGood(t, d, "one")
	h := openDocument(t, m).History()
	if len(h) != 2 || h[0].Result != RolledBack || h[0].Reason != "no registration" || h[0].Failures != 1 || h[1].Result != Good {
		t.Errorf("History = %+v", h)
	}
	if v, ok := d.Same([]byte("two")); !ok || v.Result != RolledBack {
		t.Errorf("Same(two) = %+v, %v", v, ok)
	}
	mustSave(t, d, d.SaveTrial, "two")
	if err := d.RollBack("again"); err != nil {
		t.Fatal(err)
	}
	if v, _ := d.Same([]byte("two")); v.Failures != 2 {
		t.Errorf("after the second failure: %+v", v)
	}
	mustSave(t, d, d.SaveTrial, "three")
	mustSave(t, d, d.SaveTrial, "four")
	if h := d.History(); h[1].Result != Replaced || h[0].Result != OnTrial {
		t.Errorf("after a trial came before the end of another: %+v", h)
	}
	mustSave(t, d, d.Save, "five")
	wantGood(t, openDocument(t, m), "five")
	if _, _, err := d.Trial(); !errors.Is(err, ErrNoVersion) {
		t.Errorf("a trial goes on beside what was saved as good: %v", err)
	}
}

func TestStartCountsTrials(t *testing.T) {
	m := newMemory()
	d := openDocument(t, m)
	mustSave(t, d, d.Save, "good")
	mustSave(t, d, d.SaveTrial, "bad")
	for i, want := range []Result{OnTrial, RolledBack, RolledBack} {
		d = openDocument(t, m)
		if err := d.Start(); err != nil {
			t.Fatal(err)
		}
		wantGood(t, d, "good")
		if v, _ := d.Same([]byte("bad")); v.Result != want {
			t.Errorf("after start %d: %s, want %s", i+1, v.Result, want)
		}
	}
}

func TestEqualDataIsWrittenOnce(t *testing.T) {
	m := newMemory()
	d := openDocument(t, m)
	mustSave(t, d, d.Save, "one")
	mustSave(t, d, d.SaveTrial, "two")
	before := m.writes
	if changed, err := d.SaveTrial(Meta{}, []byte("two")); changed || err != nil || m.writes != before {
		t.Errorf("the trial again: %v, %v, %d writes", changed, err, m.writes-before)
	}
	if err := d.Confirm(); err != nil {
		t.Fatal(err)
	}
	before = m.writes
	for _, save := range []func(Meta, []byte) (bool, error){d.Save, d.SaveTrial} {
		if changed, err := save(Meta{}, []byte("two")); changed || err != nil || m.writes != before {
			t.Errorf("the last good again: %v, %v, %d writes", changed, err, m.writes-before)
		}
	}
	mustSave(t, d, d.Save, "one") // back to an older one: the index alone
	if m.writes != before+1 {
		t.Errorf("%d writes for data that was there, want 1", m.writes-before)
	}
	wantGood(t, openDocument(t, m), "one")
}

func TestHistoryIsBounded(t *testing.T) {
	m := newMemory()
	d := openDocument(t, m)
	mustSave(t, d, d.Save, "good")
	for i := range 40 {
		mustSave(t, d, d.SaveTrial, fmt.Sprint("bad ", i))
		if err := d.RollBack("bad"); err != nil {
			t.Fatal(err)
		}
	}
	wantGood(t, openDocument(t, m), "good")
	if n := len(d.History()); n != KeptVersions {
		t.Errorf("%d versions are remembered, want %d", n, KeptVersions)
	}
	// The key, two copies of the index, the versions and those only the older
	// copy speaks of.
	if n := len(m.files); n > 3+KeptVersions+2 {
		t.Errorf("%d files: %v", n, slices.Sorted(maps.Keys(m.files)))
	}
	for _, v := range d.History() {
		if _, err := d.Data(v.Number); err != nil {
			t.Error(err)
		}
	}
	if _, err := d.Data(2); !errors.Is(err, ErrNoVersion) {
		t.Errorf("a forgotten version: %v", err)
	}
}

// TestDamage spoils each file in turn: what is good must not be lost, or the
// last but one be used.
func TestDamage(t *testing.T) {
	build := func() *memory {
		m := newMemory()
		d := openDocument(t, m)
		for _, text := range []string{"one", "two", "three"} {
			mustSave(t, d, d.Save, text)
		}
		return m
	}
	for name := range build().files {
		if name == keyFile {
			continue
		}
		m := build()
		m.files[name] = m.files[name][:len(m.files[name])/2]
		d := openDocument(t, m)
		_, data, _ := d.LastGood()
		if string(data) != "three" && string(data) != "two" {
			t.Errorf("with %s damaged: LastGood = %q", name, data)
		}
		mustSave(t, d, d.Save, "after")
		wantGood(t, openDocument(t, m), "after")
	}
	m := build()
	clear(m.files["config.index0"])
	clear(m.files["config.index1"])
	v, err := openVault(m, []Keeper{Software()})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := v.Document("config"); !errors.Is(err, ErrSealed) {
		t.Errorf("with both copies of the index damaged: %v", err)
	}
}

func TestVaultKeepers(t *testing.T) {
	m := newMemory()
	v, err := openVault(m, []Keeper{broken{}, Software()})
	if err != nil || v.Keeper() != SoftwareName || v.Passed() == nil || !strings.Contains(v.Passed().Error(), "broken: out of order") {
		t.Fatalf("keeper %q, passed %v, %v", v.Keeper(), v.Passed(), err)
	}
	if err := v.WriteFile("x", []byte("data")); err != nil {
		t.Fatal(err)
	}
	if _, err := openVault(m, []Keeper{broken{}}); !errors.Is(err, ErrKeyLost) {
		t.Errorf("without its keeper: %v", err)
	}
	again, err := openVault(m, []Keeper{broken{}, Software()})
	if err != nil {
		t.Fatal(err)
	}
	if data, err := again.ReadFile("x"); err != nil || string(data) != "data" {
		t.Errorf("ReadFile = %q, %v", data, err)
	}
	m.files[keyFile] = []byte("{")
	if _, err := openVault(m, []Keeper{Software()}); !errors.Is(err, ErrKeyLost) {
		t.Errorf("with the key damaged: %v", err)
	}
	if _, err := openVault(newMemory(), []Keeper{broken{}}); err == nil {
		t.Error("a vault without a keeper")
	}
}

// broken is a keeper that is out of order.
type broken struct{}

var errOrder = errors.New("out of order")

func (broken) Name() string                  { return "broken" }
func (broken) Wrap([]byte) ([]byte, error)   { return nil, errOrder }
func (broken) Unwrap([]byte) ([]byte, error) { return nil, errOrder }
func (broken) Destroy([]byte) error          { return errOrder }

// TestVaultOnDisk does it once on a real folder.
func TestVaultOnDisk(t *testing.T) {
	dir, err := Open(t.TempDir())
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
	mustSave(t, d, d.Save, "hunter2")
	if info, err := os.Stat(dir.Path(keyFile)); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("key file: %v, %v", info.Mode(), err)
	}
	if found := grep(t, dir, "hunter2"); found != "" {
		t.Errorf("%s holds the secret in plain", found)
	}
	if v, err = dir.Vault(Software()); err != nil {
		t.Fatal(err)
	}
	if d, err = v.Document("config"); err != nil {
		t.Fatal(err)
	}
	wantGood(t, d, "hunter2")
}

// grep names the file of a folder that holds text, "" if none does.
func grep(t *testing.T, dir Dir, text string) (found string) {
	t.Helper()
	err := fs.WalkDir(os.DirFS(string(dir)), ".", func(path string, e fs.DirEntry, err error) error {
		if err != nil || !e.Type().IsRegular() {
			return err
		}
		data, err := os.ReadFile(dir.Path(path))
		if bytes.Contains(data, []byte(text)) {
			found = path
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return found
}
