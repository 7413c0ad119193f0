package config

import (
	"fmt"
	"slices"

	"github.com/ata-agent/ata-agent/jsondoc"
)

// Class is what a change of a key interrupts.
type Class int

// The classes, from the least to the most that is interrupted.
const (
	// Live takes effect at once; a call in progress keeps what it began with.
	Live Class = iota
	// OfLine takes effect when the line is idle, with a new registration.
	OfLine
	// OfBox takes effect when all lines are idle: the agent starts anew within
	// the process.
	OfBox
	// OfBoot is for what only a start can change; it waits like OfBox.
	OfBoot
)

// classNames are the words of the tag reload.
var classNames = []string{"live", "line", "box", "boot"}

// String is the word of the tag reload.
func (c Class) String() string { return classNames[c] }

// MarshalText writes the word.
func (c Class) MarshalText() ([]byte, error) { return []byte(c.String()), nil }

// ClassOf is the class of a key: its tag reload, else that of its section. A
// key without one counts as OfBoot; a test sees to it that there is none.
func ClassOf(k jsondoc.Key) Class {
	if i := slices.Index(classNames, k.Inherited("reload")); i >= 0 {
		return Class(i)
	}
	return OfBoot
}

// ownerMay says whether the owner's layer may give a key.
func ownerMay(k jsondoc.Key) bool { return k.Inherited("owner") == "true" }

// UnmarshalText reads the word.
func (c *Class) UnmarshalText(text []byte) error {
	i := slices.Index(classNames, string(text))
	if i < 0 {
		return fmt.Errorf("config: no class %q", text)
	}
	*c = Class(i)
	return nil
}
