package grandstream

import (
	"fmt"
	"slices"
	"strings"

	"github.com/ata-agent/ata-agent/dialplan"
	"github.com/ata-agent/ata-agent/provision/foreign"
)

// lineValues are the P values of line n that make sense only together.
type lineValues struct {
	*settings
	n int
}

func (s *settings) takeLine(n int) {
	l := lineValues{s, n}
	l.servers()
	l.ports()
	l.codecs()
	l.dtmf()
	l.plan()
	l.pause()
	l.jitter()
	l.fax()
	l.secure()
}

// entry returns the P value of the line, by the number it has for port 1, if it is
// there and not empty, else nil.
func (l lineValues) entry(first string) *foreign.Entry {
	row, _, _ := table().Lookup(first)
	name := first
	if l.n == 1 && !l.many {
		if len(row.Names) < 2 {
			return nil
		}
		name = row.Names[1]
	}
	e := l.entries[name]
	if e == nil || e.Value == "" {
		return nil
	}
	if foreign.Unfilled(e.Value) {
		l.draft.Refuse(e, "", "the server's template has left a variable unfilled here")
		delete(l.entries, name)
		return nil
	}
	return e
}

func (l lineValues) set(e *foreign.Entry, key string, value any, note string) {
	l.draft.Set(e, foreign.LineKey(l.n, key), value, note)
}

// confirm says of a P value that it did what it is for.
func (l lineValues) confirm(e *foreign.Entry) {
	l.draft.Add(e.Finding(foreign.Lossless, "", "taken into account"))
}

// servers takes registrar and outbound proxy. By address records alone the port
// that others would look up is the standard one.
func (l lineValues) servers() {
	dns := l.entry("P103")
	fixed := dns == nil || dns.Value == "0"
	if dns != nil {
		l.confirm(dns)
	}
	outbound := l.entry("P48")
	if outbound != nil {
		l.server(outbound, "sip/outbound_proxy", fixed)
	}
	if e := l.entry("P47"); e != nil {
		// Behind an outbound proxy the address is a name and not looked up.
		l.server(e, "sip/registrar", fixed && outbound == nil)
	}
}

func (l lineValues) server(e *foreign.Entry, key string, fixed bool) {
	address := e.Value
	if fixed {
		address = l.draft.WithPort(address, l.n)
	}
	l.set(e, key, address, "")
}

// rtpPorts is how many ports from its first on an adapter uses.
const rtpPorts = 8

// ports takes the local ports, unless they are to be random, as the agent's are
// by itself.
func (l lineValues) ports() {
	l.fixedUnless("P20501", "P40", func(e *foreign.Entry) { l.draft.SetLocalPort(e, l.n) })
	l.fixedUnless("P20505", "P39", l.rtp)
}

func (l lineValues) fixedUnless(random, port string, take func(*foreign.Entry)) {
	free := false
	if e := l.entry(random); e != nil {
		free, _ = foreign.YesNo(e.Value)
		l.confirm(e)
	}
	e := l.entry(port)
	switch {
	case e == nil:
	case free:
		l.draft.Ignore(e, random+" asks for a random one")
	default:
		take(e)
	}
}

func (l lineValues) rtp(e *foreign.Entry) {
	f, note, err := foreign.Number(e.Value)
	if err != nil || f < 1024 || f > 65535-rtpPorts {
		l.draft.Refuse(e, foreign.LineKey(l.n, "rtp/port_min"), fmt.Sprintf("not a port, 1024 to %d", 65535-rtpPorts))
		return
	}
	l.set(e, "rtp/port_min", int(f), note)
	l.draft.Imply(e, foreign.LineKey(l.n, "rtp/port_max"), int(f)+rtpPorts-1)
}

// choices takes a list out of P values in order of preference. Those named again
// are left out: templates fill what is left over with the first.
func (l lineValues) choices(key string, numbers []string, names map[string]string, missing string) {
	var list []string
	var first *foreign.Entry
	for _, number := range numbers {
		e := l.entry(number)
		if e == nil {
			continue
		}
		name, ok := names[e.Value]
		switch {
		case !ok:
			l.draft.Ignore(e, missing)
		case slices.Contains(list, name):
			l.draft.Ignore(e, "named before")
		default:
			list = append(list, name)
			if first == nil {
				first = e
			} else {
				l.confirm(e)
			}
		}
	}
	if first != nil {
		l.set(first, key, list, "")
	}
}

func (l lineValues) codecs() {
	l.choices("codecs/order", []string{"P57", "P58", "P59", "P60", "P61", "P62", "P46"},
		map[string]string{"0": "PCMU", "8": "PCMA"}, "a codec that is not supported")
}

func (l lineValues) dtmf() {
	l.choices("dtmf/methods", []string{"P850", "P851", "P852"},
		map[string]string{"100": "inband", "101": "rfc4733"}, "keys are not sent by SIP INFO")
}

// pause takes the time without a key after which a number is judged: there is one
// where the agent has two.
func (l lineValues) pause() {
	e := l.entry("P85")
	if e == nil {
		return
	}
	f, note, err := foreign.Number(e.Value)
	key := foreign.LineKey(l.n, "dial/interdigit_short_s")
	if err != nil || f < 1 || f > 60 {
		l.draft.Refuse(e, key, "not a time, 1 to 60 seconds")
		return
	}
	l.draft.Set(e, key, int(f), note)
	l.draft.Imply(e, foreign.LineKey(l.n, "dial/interdigit_long_s"), int(f))
}

// secrecy are the values of P183.
var secrecy = map[string]string{"0": "off", "1": "optional", "2": "required"}

// secure takes whether the voice is encrypted. A value that is none is taken for
// the most that could be meant: a line is not made less safe by a mistake.
func (l lineValues) secure() {
	e := l.entry("P183")
	if e == nil {
		return
	}
	mode, known := secrecy[e.Value]
	if !known {
		l.set(e, "rtp/srtp", "required", "not 0, 1 or 2; taken for the safest")
		return
	}
	l.set(e, "rtp/srtp", mode, "")
}

// plan takes the digit map with what else decides about a number.
func (l lineValues) plan() {
	e, prefix, hotline := l.entry("P4200"), l.entry("P66"), l.entry("P71")
	if hotline != nil {
		l.hotline(hotline, e)
		return
	}
	key := foreign.LineKey(l.n, "dial/plan")
	text, note := "", ""
	if e != nil {
		text = e.Value
	}
	if prefix != nil {
		if strings.Trim(prefix.Value, "0123456789*#+") != "" {
			l.draft.Refuse(prefix, key, "not digits")
			prefix = nil
		} else {
			text, note = withPrefix(text, prefix.Value), "the prefix is part of the digit map"
		}
	}
	by := e
	if by == nil {
		by = prefix
	}
	if by == nil {
		l.anyNumber()
		return
	}
	if _, err := dialplan.Parse(text, dialplan.Grandstream); err != nil {
		l.draft.Refuse(by, key, "the country's digit map stays: "+err.Error())
		return
	}
	l.draft.Set(by, key, text, note)
	l.draft.Imply(by, foreign.LineKey(l.n, "dial/syntax"), "grandstream")
	if prefix != nil && by != prefix {
		l.confirm(prefix)
	}
}

// anyNumber is the digit map that the maker's adapters have by themselves.
const anyNumber = `{ x+ | \+x+ | *x+ | *xx*x+ }`

// anyNumber takes the adapters' own digit map where the file has none: behind a PBX
// the country's would keep its short numbers from being dialed.
func (l lineValues) anyNumber() {
	e := l.entry("P47")
	if e == nil {
		return
	}
	l.draft.Imply(e, foreign.LineKey(l.n, "dial/plan"), anyNumber)
	l.draft.Imply(e, foreign.LineKey(l.n, "dial/syntax"), "grandstream")
}

// withPrefix puts digits in front of every number that a digit map lets through.
func withPrefix(plan, digits string) string {
	if plan == "" {
		plan = anyNumber
	}
	inner := strings.TrimSuffix(strings.TrimPrefix(strings.TrimSpace(plan), "{"), "}")
	rules := strings.Split(inner, "|")
	for i, r := range rules {
		r = strings.TrimSpace(r)
		if !strings.ContainsAny(r[:min(1, len(r))], `^*\`) {
			r = "<=" + digits + ">" + r
		}
		rules[i] = r
	}
	return "{ " + strings.Join(rules, " | ") + " }"
}

// hotline makes a digit map that dials by itself. It is in the other grammar,
// which has a word for that.
func (l lineValues) hotline(e, plan *foreign.Entry) {
	key := foreign.LineKey(l.n, "dial/plan")
	if strings.Trim(e.Value, "0123456789*#") != "" {
		l.draft.Refuse(e, key, "not digits")
		return
	}
	seconds := 0
	if delay := l.entry("P4045"); delay != nil {
		f, _, err := foreign.Number(delay.Value)
		if err != nil || f < 0 || f > 60 {
			l.draft.Refuse(delay, key, "not a time, 0 to 60 seconds")
		} else {
			seconds = int(f)
			l.confirm(delay)
		}
	}
	text := fmt.Sprintf("(P%d<:%s>)", seconds, e.Value)
	if seconds > 0 {
		text = fmt.Sprintf("(P%d<:%s>|[x*#][x*#].)", seconds, e.Value)
	}
	l.draft.Set(e, key, text, "")
	l.draft.Imply(e, foreign.LineKey(l.n, "dial/syntax"), "sipura")
	if plan != nil {
		l.draft.Ignore(plan, "the line calls one number by itself")
	}
}
