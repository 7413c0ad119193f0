package si321x

import (
	"fmt"
	"slices"
)

// Variant is a member of the family.
type Variant uint8

// Members. Auto tells a Si3210 from a Si3215 by its identification; a Si3211 or
// Si3216 must be named.
const (
	Auto Variant = iota
	Si3210
	Si3211 // external batteries instead of a converter
	Si3215
	Si3216
)

var variantNames = [...]string{"auto", "Si3210", "Si3211", "Si3215", "Si3216"}

// String returns the name of the part.
func (v Variant) String() string {
	if int(v) < len(variantNames) {
		return variantNames[v]
	}
	return fmt.Sprintf("variant(%d)", uint8(v))
}

// MarshalText is String, for documents.
func (v Variant) MarshalText() ([]byte, error) { return []byte(v.String()), nil }

// UnmarshalText takes the name of a part.
func (v *Variant) UnmarshalText(text []byte) error {
	i := slices.Index(variantNames[:], string(text))
	if i < 0 {
		return fmt.Errorf("si321x: no part is called %q", text)
	}
	*v = Variant(i)
	return nil
}

// family is the numbering of the indirect registers.
type family uint8

const (
	oldFamily family = iota // Si3210, Si3211
	newFamily               // Si3215, Si3216
)

func (f family) String() string {
	if f == oldFamily {
		return "Si3210"
	}
	return "Si3215"
}

// family returns the numbering of a member that is not Auto.
func (v Variant) family() family {
	if v == Si3215 || v == Si3216 {
		return newFamily
	}
	return oldFamily
}

// hasConverter says that the part makes its own battery.
func (v Variant) hasConverter() bool { return v != Si3211 }
