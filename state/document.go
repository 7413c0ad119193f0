package state

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"strconv"
	"strings"
	"time"
)

const (
	// KeptVersions is how many versions of a document are remembered. The last
	// good one and the one on trial are always among them.
	KeptVersions = 5
	// TrialStarts is the number of starts after which a version that was never
	// confirmed has failed.
	TrialStarts = 2
)

// ErrNoVersion says that there is no such version of a document.
var ErrNoVersion = errors.New("state: no such version")

// Result is what became of a version.
type Result string

// The results.
const (
	Good       Result = "good"        // it was confirmed
	OnTrial    Result = "trial"       // it is in force and not confirmed yet
	RolledBack Result = "rolled back" // it was tried and given up
	Replaced   Result = "replaced"    // another came before it was confirmed
)

// Meta is what its maker says of a version.
type Meta struct {
	Source     string `json:"source"`               // file, URL or whose word it was; no secrets
	Generation int    `json:"generation,omitempty"` // the server's count
}

// Version is one state of a document.
type Version struct {
	Meta
	Number uint64    `json:"number"` // counts up, from 1
	Time   time.Time `json:"time"`   // when it was saved
	Size   int       `json:"size"`   // bytes
	// Mark is equal for equal data of one device and tells nothing else.
	Mark     string `json:"mark"`
	Result   Result `json:"result"`
	Reason   string `json:"reason,omitempty"`   // why it was rolled back
	Failures int    `json:"failures,omitempty"` // how often the same data was rolled back
	Starts   int    `json:"starts,omitempty"`   // of the agent while it was on trial
	// Stored is the number of the version that wrote the data; equal data is
	// written once.
	Stored uint64 `json:"stored"`
}

// index is the one file that decides: a version exists when it is in here. Two
// copies take turns, so that damage to one costs a step and not the document.
type index struct {
	Count    uint64    `json:"count"` // of writes
	Versions []Version `json:"versions"`
}

// Document is a sealed file with its last versions and a place for one that is
// on trial:
//
//	        SaveTrial              Confirm
//	good ─────────────▶ on trial ───────────▶ good
//	  ▲                    │ RollBack, or Start for the second time
//	  └────────────────────┘
//
// Each step is one atomic write of the index, after the data it speaks of, so a
// power cut leaves the state before or the one after. Nothing is written when
// nothing changes. A Document belongs to one goroutine.
type Document struct {
	vault    *Vault
	name     string
	index    index
	previous index // in the other copy
}

// Document opens a document of the vault, empty if it was never saved. The name
// is of letters.
func (v *Vault) Document(name string) (*Document, error) {
	d := &Document{vault: v, name: name}
	var faults error
	for slot := range uint64(2) {
		i, err := d.readIndex(slot)
		switch {
		case errors.Is(err, fs.ErrNotExist):
		case err != nil:
			faults = errors.Join(faults, err)
		case i.Count > d.index.Count:
			d.previous, d.index = d.index, i
		default:
			d.previous = i
		}
	}
	if d.index.Count == 0 && faults != nil {
		return nil, faults
	}
	return d, nil
}

func (d *Document) readIndex(slot uint64) (i index, err error) {
	data, err := d.vault.ReadFile(d.indexFile(slot))
	if err == nil {
		err = json.Unmarshal(data, &i)
	}
	return i, err
}

func (d *Document) indexFile(count uint64) string {
	return fmt.Sprintf("%s.index%d", d.name, count%2)
}

func (d *Document) dataFile(stored uint64) string {
	return d.name + "." + strconv.FormatUint(stored, 10)
}

// History lists the versions that are remembered, newest first.
func (d *Document) History() []Version {
	list := slices.Clone(d.index.Versions)
	slices.Reverse(list)
	return list
}

// Data returns what a version holds.
func (d *Document) Data(number uint64) ([]byte, error) {
	for _, v := range d.index.Versions {
		if v.Number == number {
			return d.vault.ReadFile(d.dataFile(v.Stored))
		}
	}
	return nil, fmt.Errorf("%w: %s %d", ErrNoVersion, d.name, number)
}

// LastGood returns the last version that was confirmed. If its data is damaged
// the one before counts, with what else is known of the damage as error; the
// version is zero and the error [ErrNoVersion] when there is none.
func (d *Document) LastGood() (Version, []byte, error) {
	var faults error
	for _, v := range d.History() {
		if v.Result != Good {
			continue
		}
		data, err := d.Data(v.Number)
		if err == nil {
			return v, data, faults
		}
		faults = errors.Join(faults, err)
	}
	if faults == nil {
		faults = fmt.Errorf("%w: %s", ErrNoVersion, d.name)
	}
	return Version{}, nil, faults
}

// Trial returns the version that is on trial; the error is [ErrNoVersion] when
// there is none.
func (d *Document) Trial() (Version, []byte, error) {
	i := slices.IndexFunc(d.index.Versions, onTrial)
	if i < 0 {
		return Version{}, nil, fmt.Errorf("%w: %s on trial", ErrNoVersion, d.name)
	}
	v := d.index.Versions[i]
	data, err := d.Data(v.Number)
	return v, data, err
}

func onTrial(v Version) bool { return v.Result == OnTrial }

// Same returns the newest version with the same data, if one is remembered: who
// offers data again that failed can be told so.
func (d *Document) Same(data []byte) (Version, bool) {
	m, err := mark(d.vault.key, data)
	for _, v := range d.History() {
		if err == nil && v.Mark == m {
			return v, true
		}
	}
	return Version{}, false
}

// SaveTrial stores data as the version on trial; one that was on trial before
// is replaced. It says false and writes nothing when the same data is on trial
// or, with nothing on trial, is the last good.
func (d *Document) SaveTrial(m Meta, data []byte) (bool, error) {
	return d.save(m, data, OnTrial)
}

// Save stores data as good without a trial, as for what a person did at the
// device. It says false and writes nothing when that is in force already.
func (d *Document) Save(m Meta, data []byte) (bool, error) {
	return d.save(m, data, Good)
}

func (d *Document) save(m Meta, data []byte, result Result) (bool, error) {
	key, err := mark(d.vault.key, data)
	if err != nil {
		return false, err
	}
	if in, ok := d.inForce(); ok && in.Mark == key && (in.Result == result || in.Result == Good) {
		return false, nil
	}
	next := d.next()
	for i := range next.Versions {
		if onTrial(next.Versions[i]) {
			next.Versions[i].Result = Replaced
		}
	}
	v := Version{
		Meta: m, Number: d.newest() + 1, Time: time.Now().UTC(), Size: len(data), Mark: key, Result: result,
	}
	if v.Stored, v.Failures = d.stored(key); v.Stored == 0 {
		v.Stored = v.Number
		if err := d.vault.WriteFile(d.dataFile(v.Stored), data); err != nil {
			return false, err
		}
	}
	next.Versions = append(next.Versions, v)
	return true, d.commit(next)
}

// inForce is the version on trial, else the last good.
func (d *Document) inForce() (Version, bool) {
	for _, is := range []func(Version) bool{onTrial, func(v Version) bool { return v.Result == Good }} {
		list := d.History()
		if i := slices.IndexFunc(list, is); i >= 0 {
			return list[i], true
		}
	}
	return Version{}, false
}

// stored finds data that is written already and can be read, by its mark, and
// how often it failed.
func (d *Document) stored(mark string) (number uint64, failures int) {
	for _, v := range d.History() {
		if v.Mark != mark {
			continue
		}
		if _, err := d.vault.ReadFile(d.dataFile(v.Stored)); err != nil {
			return 0, v.Failures // damaged: write it again
		}
		return v.Stored, v.Failures
	}
	return 0, 0
}

func (d *Document) newest() uint64 {
	var n uint64
	for _, v := range slices.Concat(d.index.Versions, d.previous.Versions) {
		n = max(n, v.Number)
	}
	return n
}

// Confirm makes the version on trial the last good.
func (d *Document) Confirm() error {
	return d.end(func(v *Version) { v.Result = Good })
}

// RollBack gives up the version on trial: the last good is in force again.
func (d *Document) RollBack(reason string) error {
	return d.end(func(v *Version) { fail(v, reason) })
}

func fail(v *Version, reason string) {
	v.Result, v.Reason = RolledBack, reason
	v.Failures++
}

// Start tells that the agent starts, which begins with the last good version: a
// power cut may have been the trial's doing. A version that is on trial at its
// second start has failed; before, it may be tried again.
func (d *Document) Start() error {
	if !slices.ContainsFunc(d.index.Versions, onTrial) {
		return nil
	}
	return d.end(func(v *Version) {
		if v.Starts++; v.Starts >= TrialStarts {
			fail(v, "the agent started twice without confirming it")
		}
	})
}

// end changes the version on trial.
func (d *Document) end(change func(*Version)) error {
	next := d.next()
	i := slices.IndexFunc(next.Versions, onTrial)
	if i < 0 {
		return fmt.Errorf("%w: %s on trial", ErrNoVersion, d.name)
	}
	change(&next.Versions[i])
	return d.commit(next)
}

func (d *Document) next() index {
	return index{Count: d.index.Count + 1, Versions: slices.Clone(d.index.Versions)}
}

// commit makes next the truth and removes data that nothing speaks of any more.
func (d *Document) commit(next index) error {
	next.Versions = pruned(next.Versions)
	data, err := json.Marshal(next)
	if err != nil {
		return fmt.Errorf("state: %s: %w", d.name, err)
	}
	if err := d.vault.WriteFile(d.indexFile(next.Count), data); err != nil {
		return err
	}
	d.previous, d.index = d.index, next
	return d.sweep()
}

// pruned forgets the oldest versions beyond KeptVersions, but never the last
// good one or the one on trial.
func pruned(list []Version) []Version {
	for len(list) > KeptVersions {
		good := -1
		for i, v := range list {
			if v.Result == Good {
				good = i
			}
		}
		i := slices.IndexFunc(list, func(v Version) bool { return !onTrial(v) && (good < 0 || v.Number != list[good].Number) })
		list = slices.Delete(list, i, i+1)
	}
	return list
}

// sweep removes the data files of versions that neither copy of the index knows.
func (d *Document) sweep() error {
	names, err := d.vault.folder.list()
	if err != nil {
		return err
	}
	for _, name := range names {
		number, ok := strings.CutPrefix(name, d.name+".")
		n, err := strconv.ParseUint(number, 10, 64)
		if !ok || err != nil || d.index.stores(n) || d.previous.stores(n) {
			continue
		}
		if err := d.vault.folder.remove(name); err != nil {
			return err
		}
	}
	return nil
}

func (i *index) stores(n uint64) bool {
	return slices.ContainsFunc(i.Versions, func(v Version) bool { return v.Stored == n })
}
