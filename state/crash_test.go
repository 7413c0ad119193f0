package state

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"slices"
	"strings"
	"testing"
)

// errPower ends everything that comes after it.
var errPower = errors.New("power cut")

// crashing is a folder whose power is cut at one of its steps: before it, after
// it, or in its midst as far as steps have one.
type crashing struct {
	*memory
	left int // steps until then
	how  cut
	dead bool
}

type cut int

const (
	before cut = iota
	midway
	after
)

// step says whether a step is to happen, and whether power lasts.
func (c *crashing) step(midst func()) (do bool, err error) {
	if c.dead {
		return false, errPower
	}
	if c.left--; c.left >= 0 {
		return true, nil
	}
	c.dead = true
	if c.how == midway {
		midst()
	}
	return c.how == after, errPower
}

func (c *crashing) write(name string, data []byte) error {
	do, err := c.step(func() { c.files["."+name+".123"] = bytes.Clone(data[:len(data)/2]) })
	if do {
		err = errors.Join(err, c.memory.write(name, data))
	}
	return err
}

func (c *crashing) remove(name string) error {
	do, err := c.step(func() {})
	if do {
		err = errors.Join(err, c.memory.remove(name))
	}
	return err
}

// destroy loses power in its midst with half the file overwritten.
func (c *crashing) destroy(name string) error {
	do, err := c.step(func() { clear(c.files[name][:len(c.files[name])/2]) })
	if do {
		err = errors.Join(err, c.memory.remove(name))
	}
	return err
}

// history is what a device does with its configuration, and what is good after
// each step.
var history = []struct {
	good string
	do   func(*Document) error
}{
	{"", saved((*Document).SaveTrial, "one")},
	{"one", (*Document).Confirm},
	{"one", saved((*Document).SaveTrial, "two")},
	{"one", func(d *Document) error { return d.RollBack("no registration") }},
	{"three", saved((*Document).Save, "three")},
	{"three", saved((*Document).SaveTrial, "one")},
	{"one", (*Document).Confirm},
	{"one", saved((*Document).SaveTrial, "four")},
	{"one", saved((*Document).SaveTrial, "five")},
	{"one", (*Document).Start},
	{"one", (*Document).Start},
	{"six", saved((*Document).Save, "six")},
	{"seven", saved((*Document).Save, "seven")},
	{"eight", saved((*Document).Save, "eight")},
}

func saved(save func(*Document, Meta, []byte) (bool, error), text string) func(*Document) error {
	return func(d *Document) error {
		_, err := save(d, Meta{}, []byte(text))
		return err
	}
}

// live goes through the history until power is cut, and tells the steps done.
func live(f folder) (done int, err error) {
	v, err := openVault(f, []Keeper{Software()})
	if err != nil {
		return 0, err
	}
	d, err := v.Document("config")
	if err != nil {
		return 0, err
	}
	for i, h := range history {
		if err := h.do(d); err != nil {
			return i, err
		}
	}
	return len(history), nil
}

// TestPowerCutKeepsAWholeDocument cuts power at every step of a history: what is
// good afterwards is what was before the interrupted step or after it, and life
// goes on.
func TestPowerCutKeepsAWholeDocument(t *testing.T) {
	cuts := 0
	for _, how := range []cut{before, midway, after} {
		for at := 0; ; at++ {
			c := &crashing{memory: newMemory(), left: at, how: how}
			done, err := live(c)
			if err == nil {
				break
			}
			if !errors.Is(err, errPower) {
				t.Fatal(err)
			}
			cuts++
			checkAfterCut(t, fmt.Sprintf("cut %d at step %d, in %d", how, at, done), c.memory, done)
		}
	}
	if cuts < 60 {
		t.Errorf("only %d cuts", cuts)
	}
}

func checkAfterCut(t *testing.T, name string, m *memory, done int) {
	t.Helper()
	d := openDocument(t, m)
	_, data, err := d.LastGood()
	if err != nil && !errors.Is(err, ErrNoVersion) {
		t.Errorf("%s: %v", name, err)
	}
	was := ""
	if done > 0 {
		was = history[done-1].good
	}
	if good := string(data); good != was && good != history[done].good {
		t.Errorf("%s: good is %q, want %q or %q", name, good, was, history[done].good)
	}
	for _, v := range d.History() {
		if _, err := d.Data(v.Number); err != nil {
			t.Errorf("%s: version %d: %v", name, v.Number, err)
		}
	}
	mustSave(t, d, d.Save, "life goes on")
	wantGood(t, openDocument(t, m), "life goes on")
}

// hardware is a keeper that holds something which destroying loses.
type hardware struct {
	power *crashing // nil: for ever
	gone  bool
}

func (h *hardware) Name() string                  { return "hardware" }
func (h *hardware) Wrap(k []byte) ([]byte, error) { return Seal(testKey, "k", k) }
func (h *hardware) Destroy([]byte) error {
	if h.power != nil {
		do, err := h.power.step(func() {})
		h.gone = h.gone || do
		return err
	}
	h.gone = true
	return nil
}

func (h *hardware) Unwrap(w []byte) ([]byte, error) {
	if h.gone {
		return nil, errOrder
	}
	return Unseal(testKey, "k", w)
}

// plant puts twenty secrets into a folder, in sealed files and in plain ones.
func plant(t *testing.T, f folder, k Keeper) (secrets []string) {
	t.Helper()
	v, err := openVault(f, []Keeper{k})
	if err != nil {
		t.Fatal(err)
	}
	d, err := v.Document("config")
	if err != nil {
		t.Fatal(err)
	}
	for i := range 20 {
		s := fmt.Sprintf("planted-secret-%02d", i)
		secrets = append(secrets, s)
		switch i % 4 {
		case 0:
			mustSave(t, d, d.Save, "{"+s+"}")
		case 1:
			err = v.WriteFile("sealed-"+fmt.Sprint(i), []byte(s))
		default:
			err = f.write("plain-"+fmt.Sprint(i), []byte(strings.Repeat(s+"\n", 9)))
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	return secrets
}

// TestPowerCutDoesNotStopAWipe cuts power at every step of a wipe: the next
// start finishes it.
func TestPowerCutDoesNotStopAWipe(t *testing.T) {
	cuts := 0
	for _, how := range []cut{before, midway, after} {
		for at := 0; ; at++ {
			k := &hardware{}
			c := &crashing{memory: newMemory(), left: 1 << 30, how: how}
			secrets := plant(t, c, k)
			key := bytes.Clone(c.files[keyFile])
			c.left, k.power = at, c
			err := beginWipe(c, wipeOrder{Actor: "owner", Reason: "sold"}, []Keeper{k})
			if err == nil {
				break
			}
			if !errors.Is(err, errPower) {
				t.Fatal(err)
			}
			cuts++
			checkAfterWipe(t, fmt.Sprintf("cut %d at step %d", how, at), c, k, key, secrets)
		}
	}
	if cuts < 30 {
		t.Errorf("only %d cuts", cuts)
	}
}

func checkAfterWipe(t *testing.T, name string, c *crashing, k *hardware, key []byte, secrets []string) {
	t.Helper()
	k.power = nil
	resumed, err := resumeWipe(c.memory, []Keeper{k})
	if err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	if !resumed {
		// The order was not written yet, so nothing has happened; or it was done.
		if _, begun := c.files["plain-2"]; begun != !k.gone {
			t.Errorf("%s: half a wipe was forgotten", name)
		}
		if !k.gone {
			return
		}
	}
	if !k.gone {
		t.Errorf("%s: the keeper has its part of the key", name)
	}
	for file, data := range c.files {
		for _, s := range append(secrets, string(key)) {
			if bytes.Contains(data, []byte(s)) {
				t.Errorf("%s: %s holds a secret", name, file)
			}
		}
	}
	if left := slices.Sorted(maps.Keys(c.files)); !slices.Equal(left, []string{"audit.log"}) {
		t.Errorf("%s: left are %v", name, left)
	}
	if again, err := resumeWipe(c.memory, nil); again || err != nil {
		t.Errorf("%s: wiped again: %v, %v", name, again, err)
	}
}

// fullDisk takes no more data.
type fullDisk struct{ *memory }

func (fullDisk) write(string, []byte) error { return io.ErrShortWrite }

func TestWipeOfAFullDisk(t *testing.T) {
	m, k := newMemory(), &hardware{}
	plant(t, m, k)
	err := beginWipe(fullDisk{m}, wipeOrder{}, []Keeper{k})
	if !errors.Is(err, io.ErrShortWrite) || !k.gone || len(m.files) != 0 {
		t.Errorf("error %v, key gone %v, left %d files", err, k.gone, len(m.files))
	}
}

func TestWipeOnDisk(t *testing.T) {
	dir, err := Open(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	secrets := plant(t, dir, Software())
	if err := dir.Audit().Log(Entry{Actor: "owner", Action: "login", Detail: secrets[0]}); err != nil {
		t.Fatal(err)
	}
	id, err := dir.Instance()
	if err != nil {
		t.Fatal(err)
	}
	queue, err := Open(dir.Path("queue"))
	if err != nil {
		t.Fatal(err)
	}
	if err := queue.WriteFile("deep", []byte(secrets[1])); err != nil {
		t.Fatal(err)
	}
	if err := dir.Wipe("button", "held for 10 s", Software()); err != nil {
		t.Fatal(err)
	}
	for _, s := range append(secrets, id) {
		if file := grep(t, dir, s); file != "" {
			t.Errorf("%s holds %s", file, s)
		}
	}
	log, err := dir.Audit().Entries()
	if err != nil || len(log) != 1 || log[0].Actor != "button" || log[0].Action != "wipe" || log[0].Time.IsZero() {
		t.Errorf("audit log %v, %v", log, err)
	}
	if names, _ := dir.list(); !slices.Equal(names, []string{"audit.log"}) {
		t.Errorf("left are %v", names)
	}
	v, err := dir.Vault(Software())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := v.ReadFile("sealed-1"); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("ReadFile after the wipe: %v", err)
	}
	if next, err := dir.Instance(); err != nil || next == id {
		t.Errorf("the wiped device is still %s, %v", next, err)
	}
}

func TestWipeTellsOfAKeeperThatFailed(t *testing.T) {
	for _, k := range [][]Keeper{nil, {broken2{}}} {
		m := newMemory()
		plant(t, m, broken2{})
		err := beginWipe(m, wipeOrder{}, k)
		if err == nil || !strings.Contains(err.Error(), "broken2") || len(m.files) != 1 {
			t.Errorf("Wipe = %v, left %d files", err, len(m.files))
		}
	}
}

// broken2 takes a key and cannot forget it.
type broken2 struct{ software }

func (broken2) Name() string         { return "broken2" }
func (broken2) Destroy([]byte) error { return errOrder }
