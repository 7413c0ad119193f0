package script

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/ata-agent/ata-agent/line"
)

// errNoAction says that the words are an event, not an action.
var errNoAction = errors.New("no action")

// Bounds of an action.
const (
	maxParts  = 100 // trains of pulses, breaks and makes of a flash, keys
	maxPulses = 50  // of a train
)

// parseAction reads an action and returns its canonical text and its events.
func parseAction(w *words) (text string, events []Timed, err error) {
	switch w.peek() {
	case "flash":
		w.next()
		text, events = flash(w)
	case "pulses":
		w.next()
		text, events = pulses(w)
	case "keys":
		w.next()
		text, events = pressed(w)
	case "wait":
		text = w.next()
	default:
		return "", nil, errNoAction
	}
	return text, events, w.end()
}

// hooks appends a break of the loop, after which the make begins.
func hooks(events []Timed, at *time.Duration, length time.Duration) []Timed {
	events = append(events, Timed{*at, line.Hook{Off: false}}, Timed{*at + length, line.Hook{Off: true}})
	*at += length
	return events
}

func flash(w *words) (text string, events []Timed) {
	text = "flash"
	at := time.Duration(0)
	for i := 0; i == 0 || i < maxParts && w.peek() != ""; i++ {
		d := w.duration()
		text += " " + d.String()
		if i%2 == 0 {
			events = hooks(events, &at, d)
		} else {
			at += d
		}
	}
	return text, events
}

func pulses(w *words) (text string, events []Timed) {
	text = "pulses"
	var trains []int
	for len(trains) < maxParts && w.peek() != "" && !strings.Contains(w.peek(), "=") {
		n, err := strconv.ParseUint(w.next(), 10, 8)
		if err != nil || n < 1 || n > maxPulses {
			w.fail(fmt.Errorf("want 1 to %d pulses", maxPulses))
			n = 0
		}
		text += fmt.Sprintf(" %d", n)
		trains = append(trains, int(n))
	}
	pps := w.option("pps", "", 10, 1, 100, &text)
	ratio := w.option("break", "%", 60, 1, 99, &text)
	pause := w.optionalDuration("pause", 800*time.Millisecond, &text)
	period := time.Duration(float64(time.Second) / pps)
	open := time.Duration(float64(period) * ratio / 100)
	at := time.Duration(0)
	for _, n := range trains {
		for range n {
			events = hooks(events, &at, open)
			at += period - open
		}
		at += pause - (period - open)
	}
	return text, events
}

func pressed(w *words) (text string, events []Timed) {
	list := w.next()
	if len(list) > maxParts {
		w.fail(fmt.Errorf("more than %d keys", maxParts))
		list = ""
	}
	text = "keys " + list
	every := w.optionalDuration("every", 100*time.Millisecond, &text)
	for i := range len(list) {
		if !strings.Contains(keys, list[i:i+1]) {
			w.fail(fmt.Errorf("want keys of %s, have %q", keys, list))
		}
		events = append(events, Timed{time.Duration(i) * every, line.Digit{Key: list[i]}})
	}
	return text, events
}

// duration reads a length of time that an action can have.
func (w *words) duration() time.Duration {
	return w.length(w.next())
}

func (w *words) length(s string) time.Duration {
	d, err := time.ParseDuration(s)
	if err != nil || d < 0 || d > 24*time.Hour {
		w.fail(fmt.Errorf("want a time up to a day, have %q", s))
		return 0
	}
	return d
}

// cut takes the word NAME=VALUE, if it comes next.
func (w *words) cut(name string) (value string, ok bool) {
	value, ok = strings.CutPrefix(w.peek(), name+"=")
	if ok {
		w.next()
	}
	return value, ok
}

func (w *words) optionalDuration(name string, def time.Duration, text *string) time.Duration {
	value, ok := w.cut(name)
	if !ok {
		return def
	}
	d := w.length(value)
	*text += " " + name + "=" + d.String()
	return d
}

func (w *words) option(name, unit string, def, least, most float64, text *string) float64 {
	value, ok := w.cut(name)
	if !ok {
		return def
	}
	v, err := strconv.ParseFloat(strings.TrimSuffix(value, unit), 64)
	if err != nil || !(v >= least && v <= most) {
		w.fail(fmt.Errorf("want %s=%g to %g, have %q", name, least, most, value))
		return def
	}
	*text += " " + name + "=" + strconv.FormatFloat(v, 'g', -1, 64) + unit
	return v
}
