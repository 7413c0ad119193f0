package foreign

import "fmt"

// JitterLength is what a maker's word for the length of the jitter buffer comes to,
// in milliseconds: the longest while it adapts, and the length that is fixed. The
// makers give no figures that hold for all networks.
type JitterLength struct{ Max, Fixed int }

// SetJitterLength takes the word's meaning for line n.
func (d *Draft) SetJitterLength(e *Entry, n int, l JitterLength) {
	d.Imply(e, LineKey(n, "rtp/jitter_fixed_ms"), l.Fixed)
	d.Set(e, LineKey(n, "rtp/jitter_max_ms"), l.Max, fmt.Sprintf("up to %d ms, or %d ms where it is fixed", l.Max, l.Fixed))
}
