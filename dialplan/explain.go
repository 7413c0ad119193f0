package dialplan

import (
	"fmt"
	"strings"
)

// Trace says what one rule makes of a number.
type Trace struct {
	Rule      string // as String writes it; of an emergency number the number
	Column    int    // of the rule in the parsed text; 0 for an emergency number
	Status    Status // of this rule alone, after all keys of the number
	Keys      int    // how many keys of the number the rule took
	Number    string // after substitution, if the rule is complete and does not bar
	Barred    bool   // the rule bars what it matches
	Emergency bool   // the rule is an emergency number
	Chosen    bool   // the rule that decides when the number is dialed
}

// String returns a line for a person.
func (t Trace) String() string {
	var b strings.Builder
	mark := ' '
	if t.Chosen {
		mark = '>'
	}
	fmt.Fprintf(&b, "%c %s: %s", mark, t.Rule, t.outcome())
	if t.Emergency {
		b.WriteString(" (emergency)")
	}
	return b.String()
}

func (t Trace) outcome() string {
	switch {
	case t.Status == NoMatch:
		return fmt.Sprintf("fails at key %d", t.Keys+1)
	case t.Status == Partial:
		return fmt.Sprintf("not complete after %d keys", t.Keys)
	case t.Barred:
		return "bars it"
	case t.Status == Complete:
		return "dials " + t.Number + ", but can grow"
	}
	return "dials " + t.Number
}

// Explain says for every emergency number and every rule of the plan, in the
// order they are tried, what it makes of a number keyed without a pause, and
// which of them decides. A number that is cut short because an emergency
// number or a rule is dialed earlier is decided by that rule.
func (p *Plan) Explain(number string) []Trace {
	winner, keyed := p.winner(number)
	traces := make([]Trace, 0, len(p.emergency)+len(p.rules))
	for _, n := range p.emergency {
		t := (&Plan{syntax: p.syntax, timers: p.timers, emergency: []string{n}}).trace(number)
		t.Rule, t.Emergency, t.Chosen = n, true, winner == emergencyRule && n == keyed
		traces = append(traces, t)
	}
	for i, r := range p.rules {
		t := (&Plan{syntax: p.syntax, timers: p.timers, rules: p.rules[i : i+1], pauses: p.pauses}).trace(number)
		t.Rule, t.Column, t.Barred, t.Chosen = r.text, r.column, r.barred, winner == i
		traces = append(traces, t)
	}
	return traces
}

// winner returns which rule decides a number, and the keys it decides on.
func (p *Plan) winner(number string) (rule int, keys string) {
	m := p.NewMatch()
	for i := 0; i < len(number) && !m.over(); i++ {
		m.Key(number[i])
	}
	for !m.over() && m.result.Wait > 0 {
		m.Timeout()
	}
	return m.winner, m.Keys()
}

// trace runs a plan of one rule or one emergency number.
func (p *Plan) trace(number string) Trace {
	m := p.NewMatch()
	for i := 0; i < len(number); i++ {
		if m.over() || m.Key(number[i]).Status == NoMatch && !m.result.Barred {
			return Trace{Status: NoMatch, Keys: i}
		}
	}
	t := Trace{Status: m.result.Status, Keys: len(number), Number: m.Number()}
	if m.result.Barred {
		t.Status = Done
	}
	return t
}
