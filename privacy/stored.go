package privacy

import (
	"encoding/json"
	"fmt"
	"time"
)

// storedBatch is a cleared batch in a queue.
type storedBatch struct {
	ID       string            `json:"id"`
	Kind     BatchKind         `json:"kind"`
	Name     string            `json:"name,omitempty"`
	Severity int               `json:"severity,omitempty"`
	At       time.Time         `json:"at"`
	Counting time.Duration     `json:"counting,omitempty"`
	Stamp    string            `json:"stamp,omitempty"`
	Items    []json.RawMessage `json:"items"`
}

// Encode writes the batch for a queue, on one line.
func (c Cleared) Encode() ([]byte, error) {
	b := c.batch
	s := storedBatch{ID: b.ID, Kind: b.Kind, Name: b.Name, Severity: b.Severity, At: b.At, Counting: b.Counting, Stamp: b.Stamp, Items: []json.RawMessage{}}
	for _, i := range b.Items {
		data, err := json.Marshal(i)
		if err != nil {
			return nil, fmt.Errorf("privacy: encode batch: %w", err)
		}
		s.Items = append(s.Items, data)
	}
	data, err := json.Marshal(s)
	if err != nil {
		return nil, fmt.Errorf("privacy: encode batch: %w", err)
	}
	return data, nil
}

// Restore reads what Encode wrote and judges it anew: what is no longer
// permitted, and fields that are no more, are left out.
func (f *Filter) Restore(data []byte, receiver Set) (Cleared, error) {
	var s storedBatch
	if err := json.Unmarshal(data, &s); err != nil {
		return Cleared{}, fmt.Errorf("privacy: restore batch: %w", err)
	}
	b := Batch{ID: s.ID, Kind: s.Kind, Name: s.Name, Severity: s.Severity, At: s.At, Counting: s.Counting, Stamp: s.Stamp}
	permit := f.keeper.Permit().And(Permit{Tracing, receiver})
	for _, raw := range s.Items {
		if i, err := f.catalogue.readItem(raw); err == nil && permit.Allows(i.Field) {
			b.Items = append(b.Items, i)
		}
	}
	return Cleared{b}, nil
}

// WithTime is the batch with another time.
func (c Cleared) WithTime(at time.Time) Cleared {
	c.batch.At = at
	return c
}

// Stamp is the batch's.
func (c Cleared) Stamp() string { return c.batch.Stamp }

// Counting is how long the counters of the batch have been counting.
func (c Cleared) Counting() time.Duration { return c.batch.Counting }
