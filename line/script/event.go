package script

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/ata-agent/ata-agent/line"
)

// FormatEvent returns an event as a script has it. ParseEvent reads it back
// without loss.
func FormatEvent(e line.Event) string {
	switch e := e.(type) {
	case line.Hook:
		return "hook " + choose(e.Off, "off", "on")
	case line.Digit:
		return "digit " + formatKey(e.Key)
	case line.Recall:
		return "recall"
	case line.Ready:
		return "ready"
	case line.Incoming:
		return formatIncoming(e)
	case line.Progress:
		return fmt.Sprintf("progress %d%s%s", e.Call, choose(e.Ringing, " ringing", ""), choose(e.Media, " media", ""))
	case line.Answered:
		return fmt.Sprintf("answered %d", e.Call)
	case line.Released:
		return fmt.Sprintf("released %d %v", e.Call, e.Tone)
	case line.Service:
		return "service " + choose(e.Up, "up", "down")
	case line.PortState:
		return "port " + choose(e.Up, "up", "down")
	case line.Messages:
		return "messages " + choose(e.Waiting, "waiting", "none")
	case line.Timer:
		return "timer"
	}
	return fmt.Sprintf("unknown %T", e)
}

func choose(b bool, yes, no string) string {
	if b {
		return yes
	}
	return no
}

const keys = "0123456789*#ABCD"

func formatKey(key byte) string {
	if strings.IndexByte(keys, key) >= 0 {
		return string(key)
	}
	return fmt.Sprintf("0x%02x", key)
}

func parseKey(s string) (byte, error) {
	if len(s) == 1 && strings.Contains(keys, s) {
		return s[0], nil
	}
	hex, ok := strings.CutPrefix(s, "0x")
	key, err := strconv.ParseUint(hex, 16, 8)
	if !ok || err != nil {
		return 0, fmt.Errorf("want a key, one of %s, have %q", keys, s)
	}
	return byte(key), nil
}

func formatIncoming(e line.Incoming) string {
	s := fmt.Sprintf("incoming %d %q %q%s", e.Call, e.Number, e.Name, choose(e.Withheld, " withheld", ""))
	if e.Ring != 0 {
		s += fmt.Sprintf(" ring=%d", e.Ring)
	}
	return s + choose(e.Emergency, " emergency", "")
}

// ParseEvent reads what FormatEvent writes.
func ParseEvent(text string) (line.Event, error) {
	w, err := split(text)
	if err != nil {
		return nil, fmt.Errorf("script: %w", err)
	}
	e, err := parseEvent(w)
	if err != nil {
		return nil, fmt.Errorf("script: event %q: %w", text, err)
	}
	return e, nil
}

func parseEvent(w *words) (e line.Event, err error) {
	switch kind := w.next(); kind {
	case "hook":
		e = line.Hook{Off: w.either("off", "on")}
	case "digit":
		e = line.Digit{Key: w.key()}
	case "recall":
		e = line.Recall{}
	case "ready":
		e = line.Ready{}
	case "incoming":
		e = parseIncoming(w)
	case "progress":
		e = line.Progress{Call: w.call(), Ringing: w.flag("ringing"), Media: w.flag("media")}
	case "answered":
		e = line.Answered{Call: w.call()}
	case "released":
		e = line.Released{Call: w.call(), Tone: named[line.Tone](w)}
	case "service":
		e = line.Service{Up: w.either("up", "down")}
	case "port":
		e = line.PortState{Up: w.either("up", "down")}
	case "messages":
		e = line.Messages{Waiting: w.either("waiting", "none")}
	case "timer":
		e = line.Timer{}
	default:
		w.fail(fmt.Errorf("unknown event %q", kind))
	}
	return e, w.end()
}

func parseIncoming(w *words) line.Incoming {
	e := line.Incoming{Call: w.call(), Number: w.quoted(), Name: w.quoted(), Withheld: w.flag("withheld")}
	if ring, ok := strings.CutPrefix(w.peek(), "ring="); ok {
		w.next()
		n, err := strconv.Atoi(ring)
		w.fail(err)
		e.Ring = n
	}
	e.Emergency = w.flag("emergency")
	return e
}
