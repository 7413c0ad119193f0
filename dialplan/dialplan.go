// Package dialplan decides when the keys of a telephone make a number, and
// which. It understands the digit maps of two families of adapters and runs
// both with one matcher.
//
// A Plan is a list of rules. A Match follows all of them at once, key by key,
// and says after each key whether the number is complete, how long to wait for
// another key, or that nothing fits. It owns no clock: the caller waits and
// calls Match.Timeout. The same keys with the same waits always give the same
// number.
//
// # Sipura and Cisco
//
//	[L:10,][S:3,](rule|rule|…)
//
//	0-9 * #     that key
//	x           any of 0-9
//	[2-47*#]    any key of the set; x may stand in it
//	.           zero or more of the key or set before it
//	<8:1650>    the keys left of the colon are replaced by the text right of
//	            it; either side may be empty
//	,           outside dial tone until the next key
//	!           at the end of a rule: bar the numbers it matches
//	L10 S4      from here on the long or short timer has this many seconds;
//	            S0 at the end dials at once
//	P5          wait five seconds without a key before going on: (P0<:1234>)
//	            is a hot line, (P5<:1234>|xxxx) a warm line
//
// Blanks separate; a blank is needed after a timer only if a digit follows.
//
// # Grandstream
//
//	{ rule | rule | … }
//
//	x [3-5] .   as above; A to D are keys too
//	x+          one or more of the key or set before it
//	<2=011>     as <2:011> above
//	^           at the start of a rule: exclude the numbers it matches,
//	            wherever in the list the rule stands
//	,           second dial tone
//	T           at the end of a rule: wait three seconds before dialing
//	\           the next character is a key
//
// # Which rule wins
//
// After each key, with the rules that still fit: none, the number is rejected;
// some complete and none that can take a further key, the first complete rule
// of the list wins at once; some complete and some open, it wins when no key
// comes for the short timer, the shortest of the complete rules; none complete,
// the number is rejected when no key comes for the long timer, the longest of
// the open rules. A winner that bars rejects. A rule whose number would be
// empty is not complete.
//
// # Emergency numbers
//
// Plan.WithEmergency puts numbers beyond the reach of the rules: they are
// dialed as they are, whether or not a rule bars or rewrites them. The number
// is dialed with its last key, as an exchange does, with two exceptions that
// wait for another key, three seconds at most: the keys begin a longer
// emergency number, or a rule that does not bar describes a longer number with
// the same beginning, that is, it still needs keys. With (xxxx) 112 waits, so
// extension 1121 can be dialed. A rule that only collects, as xx. does, asks
// for no longer number and never delays an emergency call.
package dialplan

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Limits of a plan. They keep the time and memory of a match bounded whatever
// text a configuration holds.
const (
	maxText     = 8192 // bytes of a plan
	maxRules    = 256
	maxElements = 63 // of a rule: positions are bits of one word
	maxLiterals = 64 // inserted characters of a rule
	maxKeys     = 64 // keys of a number
)

// Syntax is a grammar of digit maps.
type Syntax uint8

const (
	Sipura      Syntax = iota // Sipura, Linksys, Cisco: (x.|…)
	Grandstream               // Grandstream: { x+ | … }
)

var syntaxNames = [...]string{"sipura", "grandstream"}

// String returns the name used in configurations.
func (s Syntax) String() string {
	if int(s) < len(syntaxNames) {
		return syntaxNames[s]
	}
	return fmt.Sprintf("syntax(%d)", uint8(s))
}

// ParseSyntax returns the syntax of a name, "sipura" or "grandstream".
func ParseSyntax(name string) (Syntax, error) {
	i := slices.Index(syntaxNames[:], name)
	if i < 0 {
		return 0, fmt.Errorf("dialplan: unknown syntax %q, want %q or %q", name, syntaxNames[0], syntaxNames[1])
	}
	return Syntax(i), nil
}

// timers are the times between keys after which a number is judged as it is.
type timers struct {
	long  time.Duration // nothing complete
	short time.Duration // something complete
}

// defaultTimers are those of the adapters the grammars come from: interdigit
// long and short timer of Cisco SPA, no-key entry time-out of Grandstream HT.
var defaultTimers = [...]timers{
	Sipura:      {long: 10 * time.Second, short: 3 * time.Second},
	Grandstream: {long: 4 * time.Second, short: 4 * time.Second},
}

// Plan is a parsed digit map. It does not change, so any number of goroutines
// may use it.
type Plan struct {
	syntax    Syntax
	timers    timers
	rules     []rule
	pauses    int // number of P timers of all rules
	emergency []string
	dialKey   byte
}

// Parse reads a digit map. The error is of type Errors and names every fault
// of the text.
func Parse(text string, syntax Syntax) (*Plan, error) {
	if int(syntax) >= len(syntaxNames) {
		return nil, errors.New("dialplan: unknown " + syntax.String())
	}
	p := &parser{text: text, plan: &Plan{syntax: syntax, timers: defaultTimers[syntax]}}
	p.parse()
	if len(p.faults) > 0 {
		slices.SortStableFunc(p.faults, func(a, b *SyntaxError) int { return a.Column - b.Column })
		return nil, p.faults
	}
	p.plan.finish()
	return p.plan, nil
}

// MustParse is Parse for a text of the program itself. It panics on a fault.
func MustParse(text string, syntax Syntax) *Plan {
	p, err := Parse(text, syntax)
	if err != nil {
		panic(err)
	}
	return p
}

// finish numbers the pauses and orders the rules for the matcher. An exclusion
// of Grandstream's grammar holds wherever it stands, so those go first.
func (p *Plan) finish() {
	if p.syntax == Grandstream {
		slices.SortStableFunc(p.rules, func(a, b rule) int { return rank(a) - rank(b) })
	}
	for i := range p.rules {
		p.pauses = p.rules[i].numberPauses(p.pauses)
	}
}

func rank(r rule) int {
	if r.barred {
		return 0
	}
	return 1
}

// Syntax returns the grammar the plan was written in.
func (p *Plan) Syntax() Syntax { return p.syntax }

// WithEmergency returns a copy of the plan that also dials the numbers,
// whatever its rules say. A number that is empty, too long or has a character
// that is no key is left out. Numbers of an earlier call stay.
func (p *Plan) WithEmergency(numbers ...string) *Plan {
	c := *p
	c.emergency = slices.Clone(p.emergency)
	for _, n := range numbers {
		if isNumber(n) && !slices.Contains(c.emergency, n) {
			c.emergency = append(c.emergency, n)
		}
	}
	return &c
}

// WithDialKey returns a copy of the plan in which a key, usually '#', means
// that the number is complete. Where a rule takes the key as part of a number,
// as in *21*…#, it stays that. Key 0 means no such key.
func (p *Plan) WithDialKey(key byte) *Plan {
	c := *p
	c.dialKey = key
	return &c
}

// WithTimers returns a copy of the plan with other long and short timers; 0
// keeps one. Timers inside of rules stay.
func (p *Plan) WithTimers(long, short time.Duration) *Plan {
	c := *p
	if long > 0 {
		c.timers.long = long
	}
	if short > 0 {
		c.timers.short = short
	}
	return &c
}

// String returns the plan in its own syntax, in the order its rules are tried.
// Parsing it gives the same plan; emergency numbers and the dial key are not
// part of it. Grandstream's syntax cannot say the timers of WithTimers.
func (p *Plan) String() string {
	texts := make([]string, len(p.rules))
	for i := range p.rules {
		texts[i] = p.rules[i].text
	}
	if p.syntax == Grandstream {
		return "{ " + strings.Join(texts, " | ") + " }"
	}
	return p.header() + "(" + strings.Join(texts, "|") + ")"
}

func (p *Plan) header() string {
	var b strings.Builder
	if d := p.timers.long; d != defaultTimers[p.syntax].long {
		b.WriteString("L:" + seconds(d) + ",")
	}
	if d := p.timers.short; d != defaultTimers[p.syntax].short {
		b.WriteString("S:" + seconds(d) + ",")
	}
	return b.String()
}

func seconds(d time.Duration) string {
	return strconv.FormatFloat(d.Seconds(), 'f', -1, 64)
}
