package privacy

import (
	"math"
	"slices"
	"time"
)

// Cleared is a batch that may leave. Only a Filter makes one that has anything
// in it.
type Cleared struct{ batch Batch }

// ID is the batch's, the same when it is sent again.
func (c Cleared) ID() string { return c.batch.ID }

// Kind is the batch's.
func (c Cleared) Kind() BatchKind { return c.batch.Kind }

// Name is that of a report.
func (c Cleared) Name() string { return c.batch.Name }

// Severity is that of a log record (RFC 5424 §6.2.1).
func (c Cleared) Severity() int { return c.batch.Severity }

// At is when the batch was true.
func (c Cleared) At() time.Time { return c.batch.At }

// Items are what may leave of the batch. They must not be changed.
func (c Cleared) Items() []Item { return c.batch.Items }

// Empty reports whether nothing may leave.
func (c Cleared) Empty() bool { return len(c.batch.Items) == 0 }

// Text returns the text of a field of the batch, or "".
func (c Cleared) Text(f Field) string {
	for _, i := range c.batch.Items {
		if i.Field == f {
			return i.Text
		}
	}
	return ""
}

// Filter is the one way out. Its methods may be called from any goroutine.
type Filter struct {
	catalogue *Catalogue
	keeper    *Keeper
	scrubber  *Scrubber
}

// NewFilter returns the filter for the fields of a catalogue.
func NewFilter(c *Catalogue, k *Keeper, s *Scrubber) *Filter { return &Filter{c, k, s} }

// Catalogue returns the fields that the filter knows.
func (f *Filter) Catalogue() *Catalogue { return f.catalogue }

// Allows reports whether a field may leave now towards a receiver that may have
// the given categories.
func (f *Filter) Allows(field Field, receiver Set) bool {
	return f.catalogue.owns(field) && f.keeper.Permit().And(Permit{Tracing, receiver}).Allows(field)
}

// Clear returns what may leave of a batch now towards a receiver that may have
// the given categories. The batch is not changed.
func (f *Filter) Clear(b Batch, receiver Set) Cleared {
	permit := f.keeper.Permit().And(Permit{Tracing, receiver})
	out := b
	out.Items = make([]Item, 0, len(b.Items))
	for _, i := range b.Items {
		if !f.catalogue.owns(i.Field) || !i.whole() || !permit.Allows(i.Field) || math.IsNaN(i.Value) || math.IsInf(i.Value, 0) {
			continue
		}
		out.Items = append(out.Items, f.harmless(i, permit))
	}
	return Cleared{out}
}

// harmless is the item with its texts in the form that its field declares.
func (f *Filter) harmless(i Item, permit Permit) Item {
	i.Text = f.scrubber.form(i.Field.Form, i.Text, permit)
	if len(i.Labels) == 0 {
		return i
	}
	labels := slices.Clone(i.Labels)
	for n, l := range i.Field.Labels {
		switch {
		case l.Values == nil:
			labels[n] = f.scrubber.form(l.Form, labels[n], permit)
		case !slices.Contains(l.Values, labels[n]):
			labels[n] = "other"
		}
	}
	i.Labels = labels
	return i
}
