package jsondoc

import (
	"encoding/json"
	"fmt"
	"log/slog"
	"math"
	"time"
)

// Seconds is a duration written as a number of seconds; such keys end in _s.
type Seconds time.Duration

// Duration returns s as a time.Duration.
func (s Seconds) Duration() time.Duration { return time.Duration(s) }

// MarshalJSON writes the number of seconds.
func (s Seconds) MarshalJSON() ([]byte, error) {
	return json.Marshal(time.Duration(s).Seconds())
}

// UnmarshalJSON reads what MarshalJSON writes.
func (s *Seconds) UnmarshalJSON(text []byte) error {
	d, err := durationOf(text, time.Second)
	*s = Seconds(d)
	return err
}

// durationOf is a number of units, whole nanoseconds of it.
func durationOf(text []byte, unit time.Duration) (time.Duration, error) {
	var n float64
	if err := json.Unmarshal(text, &n); err != nil {
		return 0, err
	}
	if math.Abs(n) > float64(math.MaxInt64)/2/float64(unit) {
		return 0, fmt.Errorf("jsondoc: duration %v is too long", n)
	}
	return time.Duration(math.Round(n * float64(unit))), nil
}

// Milliseconds is a duration written as a number of milliseconds; such keys
// end in _ms.
type Milliseconds time.Duration

// Duration returns m as a time.Duration.
func (m Milliseconds) Duration() time.Duration { return time.Duration(m) }

// MarshalJSON writes the number of milliseconds.
func (m Milliseconds) MarshalJSON() ([]byte, error) {
	return json.Marshal(float64(m) / float64(time.Millisecond))
}

// UnmarshalJSON reads what MarshalJSON writes.
func (m *Milliseconds) UnmarshalJSON(text []byte) error {
	d, err := durationOf(text, time.Millisecond)
	*m = Milliseconds(d)
	return err
}

// hidden stands for a secret wherever one would be printed.
const hidden = "***"

// Secret is a value that cannot print itself: every way to write it out shows
// *** instead, or nothing when it is empty.
type Secret struct{ value string }

// NewSecret wraps a value.
func NewSecret(value string) Secret { return Secret{value} }

// Reveal returns the value. It goes nowhere but to the server it is for.
func (s Secret) Reveal() string { return s.value }

// IsZero reports whether there is no value.
func (s Secret) IsZero() bool { return s.value == "" }

// String shows *** for any value.
func (s Secret) String() string {
	if s.value == "" {
		return ""
	}
	return hidden
}

// Format keeps every verb of fmt from showing the value.
func (s Secret) Format(f fmt.State, _ rune) { fmt.Fprint(f, s.String()) }

// MarshalJSON writes "***" for any value.
func (s Secret) MarshalJSON() ([]byte, error) { return json.Marshal(s.String()) }

// MarshalText writes *** for any value.
func (s Secret) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

// LogValue keeps slog from showing the value.
func (s Secret) LogValue() slog.Value { return slog.StringValue(s.String()) }
