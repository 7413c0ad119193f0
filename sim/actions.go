package sim

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/ata-agent/ata-agent/dsp"
)

// verb is one action of a telephone's user.
type verb struct {
	name  string
	usage string
	about string
	parse func(*words) (action, error)
}

// verbs in the order of the help text.
func verbs() []verb {
	return []verb{
		{"offhook", "", "lift the handset", func(*words) (action, error) { return &hookAction{off: true}, nil }},
		{"onhook", "", "put it down", func(*words) (action, error) { return &hookAction{}, nil }},
		{"flash", "[MS]", "press the hook switch for a moment (default 300 ms)", parseFlash},
		{
			"dial", "DIGITS [-on D] [-off D] [-level DBM0] [-twist DB]",
			"keys through the mouthpiece: 0-9 * # A-D, a comma waits 1 s; defaults 100ms 100ms -9 2;\n        a handset's keypad has R (recall) and L (last number) and no A-D, level nor twist", parseDial,
		},
		{"pulse", "DIGITS [-pps N] [-break PERCENT]", "rotary dial; defaults 10 60", parsePulse},
		{"say", "FILE.wav [-bg]", "speak; -bg goes on with the next action meanwhile", parseSay},
		{"record", "FILE.wav [-for D]", "record the earpiece beside the other actions, for D or until they end", parseRecord},
		{"wait", "EVENT [-timeout D]", "wait (default 30s) for one of: " + strings.Join(events(), " "), parseWait},
		{"pause", "D", "do nothing for a time", parsePause},
		{"state", "[-json]", "print what the telephone knows of its line", parseState},
		{"set", "KEY=VALUE…", "change the telephone:" + knobHelp(), parseSet},
		{"fault", "KIND…", "damage the wires: " + faultKinds, parseFault},
	}
}

// Verbs returns the help text of the actions.
func Verbs() string {
	var b strings.Builder
	for _, v := range verbs() {
		fmt.Fprintf(&b, "  %s\n        %s\n", strings.TrimSpace(v.name+" "+v.usage), v.about)
	}
	b.WriteString("Times are milliseconds or have a unit: 300, 300ms, 2s.\n")
	return b.String()
}

func knobHelp() string {
	var b strings.Builder
	for _, k := range knobs {
		fmt.Fprintf(&b, "\n          %-12s %s (%s)", k.key, k.about, k.legal)
	}
	return b.String()
}

// parseActions reads a whole sequence.
func parseActions(text []string) ([]action, error) {
	if len(text) == 0 {
		return nil, fmt.Errorf("sim: no action, want %s", verbNames())
	}
	w := &words{rest: text}
	var out []action
	for len(w.rest) > 0 {
		name, _ := w.next()
		a, err := parseAction(name, w)
		if err != nil {
			return nil, fmt.Errorf("sim: %w", err)
		}
		out = append(out, a)
	}
	return out, nil
}

func parseAction(name string, w *words) (action, error) {
	for _, v := range verbs() {
		if v.name == name {
			return v.parse(w)
		}
	}
	return nil, fmt.Errorf("%q is not an action, want %s", name, verbNames())
}

func verbNames() string {
	var names []string
	for _, v := range verbs() {
		names = append(names, v.name)
	}
	return strings.Join(names, ", ")
}

func isVerb(s string) bool {
	return slices.ContainsFunc(verbs(), func(v verb) bool { return v.name == s })
}

// words are what is left of a sequence.
type words struct{ rest []string }

func (w *words) next() (string, bool) {
	if len(w.rest) == 0 {
		return "", false
	}
	s := w.rest[0]
	w.rest = w.rest[1:]
	return s, true
}

// operand takes the word that verb needs.
func (w *words) operand(verb, what string) (string, error) {
	if len(w.rest) == 0 || strings.HasPrefix(w.rest[0], "-") {
		return "", fmt.Errorf("%s: %s is missing", verb, what)
	}
	s, _ := w.next()
	return s, nil
}

// option is a flag of a verb. A nil put takes no value.
type option struct {
	name string
	put  func(string) error
	set  *bool
}

// options takes the flags that follow.
func (w *words) options(verb string, opts ...option) error {
	for len(w.rest) > 0 && strings.HasPrefix(w.rest[0], "-") {
		name, _ := w.next()
		i := slices.IndexFunc(opts, func(o option) bool { return o.name == name })
		if i < 0 {
			return fmt.Errorf("%s: unknown option %q, want %s", verb, name, optionNames(opts))
		}
		if opts[i].put == nil {
			*opts[i].set = true
			continue
		}
		value, ok := w.next()
		if !ok {
			return fmt.Errorf("%s: option %s needs a value", verb, name)
		}
		if err := opts[i].put(value); err != nil {
			return fmt.Errorf("%s %s: %q is not %w", verb, name, value, err)
		}
	}
	return nil
}

func optionNames(opts []option) string {
	if len(opts) == 0 {
		return "none"
	}
	var names []string
	for _, o := range opts {
		names = append(names, o.name)
	}
	return strings.Join(names, " ")
}

func durationOption(name string, d *time.Duration, low, high time.Duration) option {
	return option{name: name, put: func(s string) error {
		v, err := parseDuration(s)
		if err != nil || v < low || v > high {
			return fmt.Errorf("a time of %v..%v", low, high)
		}
		*d = v
		return nil
	}}
}

func numberOption(name string, f *float64, low, high float64) option {
	return option{name: name, put: func(s string) error {
		v, err := parseFloat(s, low, high)
		if err != nil {
			return fmt.Errorf("a number of %g..%g", low, high)
		}
		*f = v
		return nil
	}}
}

var errRange = errors.New("out of range")

const maxTime = 24 * time.Hour

// parseDuration reads milliseconds, or a time with its unit.
func parseDuration(s string) (time.Duration, error) {
	if ms, err := strconv.ParseFloat(s, 64); err == nil {
		if !(ms >= 0 && ms <= float64(maxTime/time.Millisecond)) {
			return 0, errRange
		}
		return time.Duration(ms * float64(time.Millisecond)), nil
	}
	d, err := time.ParseDuration(s)
	if err != nil {
		return 0, err
	}
	if d < 0 || d > maxTime {
		return 0, errRange
	}
	return d, nil
}

func parseFlash(w *words) (action, error) {
	a := &flashAction{length: 300 * time.Millisecond}
	if len(w.rest) == 0 || isVerb(w.rest[0]) {
		return a, nil
	}
	s, _ := w.next()
	d, err := parseDuration(s)
	if err != nil || d < 10*time.Millisecond || d > 5*time.Second {
		return nil, fmt.Errorf("flash: %q is neither a time of 10ms..5s nor an action", s)
	}
	a.length = d
	return a, nil
}

func parseDial(w *words) (action, error) {
	digits, err := w.operand("dial", "DIGITS")
	if err != nil {
		return nil, err
	}
	digits = strings.ToUpper(digits)
	if i := strings.IndexFunc(digits, func(r rune) bool { return !strings.ContainsRune(padKeys+handsetKeys+",", r) }); i >= 0 || digits == "" {
		return nil, fmt.Errorf("dial: %q has other than 0-9 * # A-D, R and L of a handset, and comma", digits)
	}
	level := -9.0
	a := &dialAction{keys: digits, style: keyStyle{on: 100 * time.Millisecond, off: 100 * time.Millisecond, twist: 2}}
	err = w.options("dial",
		durationOption("-on", &a.style.on, 5*time.Millisecond, 10*time.Second),
		durationOption("-off", &a.style.off, 5*time.Millisecond, 10*time.Second),
		numberOption("-level", &level, -60, 3),
		numberOption("-twist", &a.style.twist, -20, 20))
	a.style.level = dsp.DBm0(level)
	return a, err
}

func parsePulse(w *words) (action, error) {
	digits, err := w.operand("pulse", "DIGITS")
	if err != nil {
		return nil, err
	}
	for i := range len(digits) {
		if pulsesOf(digits[i]) == 0 {
			return nil, fmt.Errorf("pulse: %q has other than 0-9 * #", digits)
		}
	}
	a := &pulseAction{digits: digits, pps: 10, brk: 60}
	return a, w.options("pulse", numberOption("-pps", &a.pps, 5, 25), numberOption("-break", &a.brk, 20, 90))
}

func parseSay(w *words) (action, error) {
	path, err := w.operand("say", "FILE.wav")
	if err != nil {
		return nil, err
	}
	a := &sayAction{path: path}
	return a, w.options("say", option{name: "-bg", set: &a.background})
}

func parseRecord(w *words) (action, error) {
	path, err := w.operand("record", "FILE.wav")
	if err != nil {
		return nil, err
	}
	a := &recordAction{path: path}
	return a, w.options("record", durationOption("-for", &a.length, time.Millisecond, time.Hour))
}

// events are what wait can wait for.
func events() []string {
	names := []string{"ringing", "silent"}
	for _, n := range ToneNames {
		names = append(names, "tone:"+string(n))
	}
	return append(names, "callerid", "mwi", "talk", "cpc")
}

func parseWait(w *words) (action, error) {
	event, err := w.operand("wait", "EVENT")
	if err != nil {
		return nil, fmt.Errorf("%w, want %s", err, strings.Join(events(), " "))
	}
	if !slices.Contains(events(), event) {
		return nil, fmt.Errorf("wait: %q is not an event, want %s", event, strings.Join(events(), " "))
	}
	a := &waitAction{event: event, timeout: 30 * time.Second}
	return a, w.options("wait", durationOption("-timeout", &a.timeout, 0, maxTime))
}

func parsePause(w *words) (action, error) {
	s, err := w.operand("pause", "a time")
	if err != nil {
		return nil, err
	}
	d, err := parseDuration(s)
	if err != nil {
		return nil, fmt.Errorf("pause: %q is not a time of 0..%v", s, maxTime)
	}
	return &pauseAction{length: d}, nil
}

func parseState(w *words) (action, error) {
	a := &stateAction{}
	return a, w.options("state", option{name: "-json", set: &a.json})
}

func parseSet(w *words) (action, error) {
	a := &setAction{}
	for len(w.rest) > 0 && (len(a.assignments) == 0 || strings.Contains(w.rest[0], "=")) {
		s, _ := w.next()
		var scratch Settings
		if err := scratch.Put(s); err != nil {
			return nil, err
		}
		a.assignments = append(a.assignments, s)
	}
	if len(a.assignments) == 0 {
		return nil, fmt.Errorf("set: KEY=VALUE is missing, want KEY one of %s", knobKeys())
	}
	return a, nil
}

func parseFault(w *words) (action, error) {
	a := &faultAction{}
	for len(w.rest) > 0 && (len(a.kinds) == 0 || !isVerb(w.rest[0])) {
		s, _ := w.next()
		var scratch Faults
		if err := scratch.Put(s); err != nil {
			return nil, err
		}
		a.kinds = append(a.kinds, s)
	}
	if len(a.kinds) == 0 {
		return nil, fmt.Errorf("fault: KIND is missing, want one of %s", faultKinds)
	}
	return a, nil
}
