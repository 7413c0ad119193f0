package board

import (
	"slices"
	"testing"
)

func TestProfilesAreValid(t *testing.T) {
	want := []string{"beaglebone-si3210", "generic", "rpi-ag1171-i2s", "rpi-handset", "rpi-si3210-dual", "rpi-zero2w-si3210-dual"}
	if got := Profiles(); !slices.Equal(got, want) {
		t.Errorf("Profiles() = %v, want %v", got, want)
	}
	for _, name := range Profiles() {
		data, ok := Profile(name)
		if !ok {
			t.Fatalf("no profile %q", name)
		}
		d, err := Parse(name+".json", data)
		if err != nil {
			t.Errorf("%v", err)
			continue
		}
		if d.ID != name || d.Name == "" {
			t.Errorf("%s has the id %q and the name %q", name, d.ID, d.Name)
		}
		if shown, err := Show(name, data); err != nil {
			t.Error(err)
		} else if _, err := Parse(name, shown); err != nil {
			t.Errorf("what Show prints does not parse: %v", err)
		}
	}
	if _, ok := Profile("../profile"); ok {
		t.Error("a profile beside the profiles")
	}
}
