package privacy

import (
	"encoding/json"
	"fmt"
	"time"
)

// Item is one value of a field.
type Item struct {
	Field  Field
	Labels []string   // values, in the order of the field's labels
	Value  float64    // of a gauge or counter; 1 of an info
	Text   string     // of a text
	Hist   *Histogram // of a distribution
}

// Histogram counts values by size.
type Histogram struct {
	Counts []uint64 `json:"c"` // one per bound of the field and one for what is beyond, not added up
	Sum    float64  `json:"s"`
}

// Count is how many values there are.
func (h *Histogram) Count() (n uint64) {
	for _, c := range h.Counts {
		n += c
	}
	return n
}

// BatchKind tells batches apart.
type BatchKind string

// Kinds of batches.
const (
	Metrics BatchKind = "metrics" // the state of the device at one moment
	Report  BatchKind = "report"  // one thing that happened, Name says what
	Log     BatchKind = "log"     // one record of the log
	Notice  BatchKind = "consent" // consent was given, changed or ended
)

// Batch is what collectors hand to the filter: nothing of it leaves as it is.
type Batch struct {
	ID       string // the same when it is sent again
	Kind     BatchKind
	Name     string        // of a report
	Severity int           // of a log record: syslog's, 0 emergency to 7 debug (RFC 5424 §6.2.1)
	At       time.Time     // when it was true
	Counting time.Duration // how long the counters have been counting
	Stamp    string        // what tells At later, if the clock is not set yet
	Items    []Item
}

// storedItem is an item in a queue.
type storedItem struct {
	Name   string     `json:"n"`
	Labels []string   `json:"l,omitempty"`
	Value  float64    `json:"v,omitempty"`
	Text   string     `json:"t,omitempty"`
	Hist   *Histogram `json:"h,omitempty"`
}

// MarshalJSON writes the item with the name of its field.
func (i Item) MarshalJSON() ([]byte, error) {
	if i.Field.declared == nil {
		return nil, fmt.Errorf("privacy: item of no field")
	}
	return json.Marshal(storedItem{i.Field.Name, i.Labels, i.Value, i.Text, i.Hist})
}

// readItem reads an item that MarshalJSON wrote. A field that this version does
// not have, or has in another shape, is an error.
func (c *Catalogue) readItem(data []byte) (Item, error) {
	var s storedItem
	if err := json.Unmarshal(data, &s); err != nil {
		return Item{}, fmt.Errorf("privacy: read item: %w", err)
	}
	f, ok := c.Lookup(s.Name)
	item := Item{f, s.Labels, s.Value, s.Text, s.Hist}
	if !ok || !item.whole() {
		return Item{}, fmt.Errorf("privacy: read item: no field %.64q of this shape", s.Name)
	}
	return item, nil
}

// whole reports whether the item has the shape that its field declares.
func (i Item) whole() bool {
	f := i.Field
	if f.declared == nil || len(i.Labels) != len(f.Labels) {
		return false
	}
	if f.Kind == Distribution {
		return i.Hist != nil && len(i.Hist.Counts) == len(f.Bounds)+1
	}
	return i.Hist == nil
}
