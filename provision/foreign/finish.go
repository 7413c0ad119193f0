package foreign

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/ata-agent/ata-agent/config"
)

// vital are the keys of a line whose default is weaker than what the file may have
// asked for: a line that cannot have what was asked stays out of service.
var vital = []string{"sip/transport", "rtp/srtp"}

// Finish takes out what package config does not accept, puts lines without an
// account out of service, and returns the document with all findings.
func (d *Draft) Finish() (*Result, error) {
	d.enable()
	for range len(d.origins) + 2*len(d.lines) + 1 {
		text, err := d.text()
		if err != nil {
			return nil, err
		}
		_, err = config.Parse("import", text)
		if err == nil {
			shown, err := d.hidden()
			return &Result{Document: text, Shown: shown, Secrets: d.sources(), Findings: d.sorted()}, err
		}
		var faults config.Faults
		if !errors.As(err, &faults) || !d.mend(faults) {
			return nil, fmt.Errorf("foreign: check what was imported: %w", err)
		}
	}
	return nil, errors.New("foreign: check what was imported: the faults do not end")
}

// enable puts lines with an account into service where the file does not say, as
// every adapter does by itself: a layer below may have them out of it.
func (d *Draft) enable() {
	for n := range d.lines {
		if _, said := d.lines[n]["enabled"]; !said && d.meant(n) {
			d.lines[n]["enabled"] = true
		}
	}
}

// mend does what it can about faults of the document; it says whether that was
// anything.
func (d *Draft) mend(faults config.Faults) bool {
	before := len(d.origins)
	retired := false
	gone := map[string]bool{}
	for _, f := range faults {
		if gone[f.Path] {
			continue
		}
		gone[f.Path] = true
		if key, ok := d.origin(f.Path); ok {
			d.Drop(key, f.Text)
			d.retireVital(key)
			continue
		}
		n, key := lineKey(f.Path)
		switch {
		case d.dropBelow(f):
		case n < 0 || n >= len(d.lines):
		case strings.HasPrefix(key, "sip/"):
			d.retire(n, key+" "+f.Text)
			retired = true
		default: // a default does not go with what is beside it
			d.dropBeside(f)
		}
	}
	return retired || len(d.origins) < before
}

// lineKey parts the pointer of a line's key; n is negative for any other.
func lineKey(path string) (n int, key string) {
	rest, ok := strings.CutPrefix(path, "/lines/")
	number, key, more := strings.Cut(rest, "/")
	n, err := strconv.Atoi(number)
	if !ok || !more || err != nil {
		return -1, ""
	}
	return n, key
}

// dropBelow takes back what was set below the path of a fault, such as in an object
// that package config does not know. It says whether there was anything.
func (d *Draft) dropBelow(f config.Fault) bool {
	found := false
	for _, key := range slices.Sorted(maps.Keys(d.origins)) {
		if strings.HasPrefix(key, f.Path+"/") {
			d.Drop(key, f.Text)
			d.retireVital(key)
			found = true
		}
	}
	if found {
		object, last := d.parent(f.Path, false)
		delete(object, last)
	}
	return found
}

// dropBeside takes back what was set in the object that a fault is in.
func (d *Draft) dropBeside(f config.Fault) {
	object := f.Path[:strings.LastIndexByte(f.Path, '/')+1]
	for _, key := range slices.Sorted(maps.Keys(d.origins)) {
		if strings.HasPrefix(key, object) {
			d.Drop(key, f.Path[len(object):]+" "+f.Text)
		}
	}
}

// origin returns the key, at path or above it, that was set by an entry.
func (d *Draft) origin(path string) (string, bool) {
	for path != "" {
		if _, ok := d.origins[path]; ok {
			return path, true
		}
		path = path[:strings.LastIndexByte(path, '/')]
	}
	return "", false
}

// retireVital puts the line out of service whose vital key was dropped.
func (d *Draft) retireVital(key string) {
	for n := range d.lines {
		for _, v := range vital {
			if key == LineKey(n, v) {
				d.retire(n, "it cannot have the protection that was asked for: "+v)
			}
		}
	}
}

// retire puts line n out of service. That is a fault only if the file meant it to
// work: a box with two ports and one account is nothing unusual.
func (d *Draft) retire(n int, why string) {
	severity := Lossy
	if d.meant(n) {
		severity = Invalid
	}
	if d.lines[n]["enabled"] == false {
		return
	}
	delete(d.origins, LineKey(n, "enabled"))
	d.lines[n]["enabled"] = false
	d.Add(Finding{d.files[0].Name, 1, 1, "", LineKey(n, "enabled"), severity, fmt.Sprintf("line %d stays out of service: %s", n+1, why)})
}

// meant says whether line n has at least the beginning of an account.
func (d *Draft) meant(n int) bool {
	sip, ok := d.lines[n]["sip"].(map[string]any)
	if !ok {
		return false
	}
	for _, key := range []string{"user", "auth_user", "password"} {
		if sip[key] != nil {
			return true
		}
	}
	return false
}
