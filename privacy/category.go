package privacy

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
)

// Category is a kind of data that the owner can switch by itself.
type Category uint8

// Categories.
const (
	HardwareModel Category = iota
	OSVersion
	Firmware
	DeviceConfiguration
	NetworkConfiguration
	Identifiers
	IPAddress
	Performance
	SignalStrength
	CallQuality
	MobileNetwork
	PhoneNumber
	Location
	Crash
	Logs
	Trace
	categories int = iota
)

var categoryNames = [categories]string{
	"hardware_model", "os_version", "firmware", "device_configuration", "network_configuration",
	"identifiers", "ip_address", "performance", "signal_strength", "call_quality", "mobile_network",
	"phone_number", "location", "crash", "logs", "trace",
}

// String returns the name used in configuration and commands.
func (c Category) String() string {
	if int(c) < len(categoryNames) {
		return categoryNames[c]
	}
	return fmt.Sprintf("category(%d)", uint8(c))
}

// ParseCategory is the category of a name.
func ParseCategory(name string) (Category, error) {
	if i := slices.Index(categoryNames[:], name); i >= 0 {
		return Category(i), nil
	}
	return 0, fmt.Errorf("privacy: no category %q, known: %s", name, strings.Join(categoryNames[:], ", "))
}

// Set is a set of categories.
type Set uint32

// SetOf returns the set of some categories.
func SetOf(cs ...Category) (s Set) {
	for _, c := range cs {
		s |= 1 << c
	}
	return s
}

// Everything is the set of all categories.
const Everything = Set(1<<categories - 1)

// sensitive categories are on only where they were named: they tell who and
// where somebody is.
const sensitive = Set(1<<PhoneNumber | 1<<Location)

// Ordinary is what an owner who names no category agrees to.
const Ordinary = Everything &^ sensitive

// Has reports whether c is in the set.
func (s Set) Has(c Category) bool { return s&(1<<c) != 0 }

// With returns the set with c in it or not.
func (s Set) With(c Category, in bool) Set {
	if in {
		return s | 1<<c
	}
	return s &^ (1 << c)
}

// Names returns the names of the categories in the set.
func (s Set) Names() []string {
	names := []string{}
	for c := range Category(categories) {
		if s.Has(c) {
			names = append(names, c.String())
		}
	}
	return names
}

// ParseSet is the set of some names.
func ParseSet(names []string) (Set, error) {
	var s Set
	for _, n := range names {
		c, err := ParseCategory(n)
		if err != nil {
			return 0, err
		}
		s = s.With(c, true)
	}
	return s, nil
}

// MarshalJSON writes the names.
func (s Set) MarshalJSON() ([]byte, error) { return json.Marshal(s.Names()) }

// UnmarshalJSON reads names. One that is not known is left out: a category that
// this version does not have has nothing to allow.
func (s *Set) UnmarshalJSON(data []byte) error {
	var names []string
	if err := json.Unmarshal(data, &names); err != nil {
		return fmt.Errorf("privacy: categories: %w", err)
	}
	*s = 0
	for _, n := range names {
		if c, err := ParseCategory(n); err == nil {
			*s = s.With(c, true)
		}
	}
	return nil
}
