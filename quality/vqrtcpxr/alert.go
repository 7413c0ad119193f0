package vqrtcpxr

import "fmt"

// Severity is how bad a figure is.
type Severity uint8

// Severities (RFC 6035 §4.6.1).
const (
	Clear Severity = iota
	Warning
	Critical
)

// String is the word in the text.
func (s Severity) String() string {
	if s > Critical {
		return fmt.Sprintf("severity %d", uint8(s))
	}
	return [...]string{"Clear", "Warning", "Critical"}[s]
}

// Alert says that a figure became bad, worse, or good again.
type Alert struct {
	Figure   Figure
	Severity Severity
}

// Threshold is when a figure is bad.
type Threshold struct {
	Figure            Figure
	Warning, Critical float64 // 0: never
	Falls             bool    // low values are the bad ones
	Ease              float64 // by how much it must be better before it counts as better
}

// Watch looks at the figures of one call and says which passed a threshold. One
// that wavers about a threshold is told once: to become better it must be so by
// [Threshold.Ease], and for two looks in a row.
//
//	clear ──bad──▶ warning ──worse──▶ critical
//	  ▲               │ ▲                │
//	  └──better, 2×───┘ └──better, 2×────┘
type Watch struct {
	thresholds []Threshold
	states     []watched
}

// watched is how a figure stands.
type watched struct {
	severity Severity
	better   int // looks in a row that were better
}

// looksToEase is how many looks in a row must be better.
const looksToEase = 2

// NewWatch returns a watch to which all is well.
func NewWatch(t []Threshold) *Watch { return &Watch{t, make([]watched, len(t))} }

// Look takes the figures of a moment and returns what changed, in the order of
// the thresholds. A figure that is not known does not change.
func (w *Watch) Look(m *Metrics) (alerts []Alert) {
	for i, t := range w.thresholds {
		v, known := m.Get(t.Figure)
		if !known {
			continue
		}
		if w.states[i].look(t, v) {
			alerts = append(alerts, Alert{t.Figure, w.states[i].severity})
		}
	}
	return alerts
}

// look reports whether the severity changed.
func (s *watched) look(t Threshold, v float64) bool {
	if now := t.severity(v, 0); now > s.severity {
		s.severity, s.better = now, 0
		return true
	}
	eased := t.severity(v, t.Ease)
	if eased >= s.severity {
		s.better = 0
		return false
	}
	if s.better++; s.better < looksToEase {
		return false
	}
	s.severity, s.better = eased, 0
	return true
}

// severity is how bad a value is with thresholds that are stricter by ease.
func (t Threshold) severity(v, ease float64) Severity {
	beyond := func(limit float64) bool {
		switch {
		case limit == 0:
			return false
		case t.Falls:
			return v < limit+ease
		}
		return v > limit-ease
	}
	switch {
	case beyond(t.Critical):
		return Critical
	case beyond(t.Warning):
		return Warning
	}
	return Clear
}
