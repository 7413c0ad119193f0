package privacy

import (
	"fmt"
	"slices"
)

// Purpose is what a field is sent for. There is no other use.
type Purpose uint8

// Purposes.
const (
	Consent Purpose = iota
	Operate
	Repair
	Improve
	Secure
)

var purposes = [...]string{
	"tell the receiver what it may keep",
	"keep the service working",
	"find and repair faults",
	"improve the quality of calls",
	"protect the device and its owner",
}

// String returns the purpose in words for the owner.
func (p Purpose) String() string {
	if int(p) < len(purposes) {
		return purposes[p]
	}
	return fmt.Sprintf("purpose(%d)", uint8(p))
}

// Kind is the shape of a field's value.
type Kind uint8

// Kinds. Number, counter and histogram are metrics; info is a metric of value 1
// whose labels tell; text goes with events and logs.
const (
	Gauge Kind = iota
	Counter
	Distribution
	Info
	Text
)

// Form is how a text is made harmless before it leaves.
type Form uint8

// Forms.
const (
	Plain   Form = iota // version, model: no control characters, bounded length
	Phone               // becomes a pseudonym unless phone_number is permitted
	Address             // IP address, cut to its network
	URL                 // without user, password and query
	Prose               // log text: scrubbed of all of these and of known secrets
	Message             // SIP message: as Prose, and no credentials, keys and digits
	Party               // party or dialog of a call: as Phone, but may be long
)

// Label tells the series of a field apart.
type Label struct {
	Name string
	// Values are all it may be; any other is sent as "other". Nil means few
	// values that the device itself has, such as the name of a sensor.
	Values []string
	Form   Form // of a value that is not from Values
}

// Declaration says everything about one field; it is written once, beside the
// code that reads the field.
type Declaration struct {
	Name     string // as Prometheus has it: ata_…_unit_total
	Kind     Kind
	Unit     string // UCUM: s, By, Cel, V; empty: a count
	Labels   []Label
	Bounds   []float64 // of a Distribution, ascending, without infinity
	Form     Form      // of a Text
	Category Category
	Level    Level // least level at which it may leave
	Purpose  Purpose
	Help     string // what it is, one sentence
	Resource string // OpenTelemetry resource attribute that it is, or empty
}

// Field is a declared field. The zero Field is declared nowhere and passes no
// filter.
type Field struct{ *declared }

type declared struct{ Declaration }

// Catalogue is every field of a program.
type Catalogue struct {
	fields []Field
	byName map[string]Field
}

// Declare adds a field. A name that is declared twice is a fault of the
// program, and it panics.
func (c *Catalogue) Declare(d Declaration) Field {
	if _, twice := c.byName[d.Name]; twice || d.Name == "" || d.Help == "" || !d.Level.Valid() || int(d.Category) >= categories {
		panic(fmt.Sprintf("privacy: field %q is declared twice or not whole", d.Name))
	}
	if c.byName == nil {
		c.byName = map[string]Field{}
	}
	f := Field{&declared{d}}
	c.fields, c.byName[d.Name] = append(c.fields, f), f
	return f
}

// Fields returns all fields in the order of their declaration.
func (c *Catalogue) Fields() []Field { return slices.Clone(c.fields) }

// Lookup returns the field of a name.
func (c *Catalogue) Lookup(name string) (Field, bool) {
	f, ok := c.byName[name]
	return f, ok
}

// owns reports whether f was declared here.
func (c *Catalogue) owns(f Field) bool {
	return f.declared != nil && c.byName[f.Name] == f
}
