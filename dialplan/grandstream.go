package dialplan

import "time"

// lingerTime is how long Grandstream's T flag waits for another key.
const lingerTime = 3 * time.Second

// grandstreamRule reads one element of a rule.
func (p *parser) grandstreamRule() {
	if p.rule.linger {
		p.fault(p.pos, "the end of the rule after 'T'")
		p.skip()
		return
	}
	switch c := p.peek(); c {
	case '^':
		p.exclude()
	case '.':
		p.pos++
		p.repeat()
	case '+':
		p.pos++
		p.oneOrMore()
	case '<':
		p.pos++
		p.substitution('=')
	case ',':
		p.pos++
		p.add(element{op: opTone}, ",")
	case 'T', 't':
		p.pos++
		p.rule.linger = true
		p.add(element{op: opShort, wait: lingerTime}, "T")
	default:
		p.grandstreamKey()
	}
}

func (p *parser) exclude() {
	if len(p.rule.elements) > 0 || p.rule.barred {
		p.fault(p.pos, "'^' only at the start of a rule")
	}
	p.pos++
	p.rule.barred = true
	p.canon.WriteByte('^')
}

// oneOrMore adds to the last key that it may come again: x+ is xx.
func (p *parser) oneOrMore() {
	if p.last == "" {
		p.fault(p.pos-1, "a key or set before '+'")
		return
	}
	e := p.rule.elements[len(p.rule.elements)-1]
	e.op = opRepeat
	p.add(e, p.last+".")
}

func (p *parser) grandstreamKey() {
	switch c := p.peek(); {
	case c == 'x' || c == 'X' || c == '[' || c == '\\' || keyOf(c) != 0:
		p.addKey(p.keys())
	default:
		p.fault(p.pos, "a key, x, a set, '<', '.', '+', ',', 'T', '|' or '}'")
		p.skip()
	}
}

// escaped reads the key after a backslash.
func (p *parser) escaped() keySet {
	p.pos++
	if p.pos == len(p.text) || keyOf(p.text[p.pos]) == 0 {
		p.fault(p.pos, "a key after '\\'")
		p.skip()
		return 0
	}
	p.pos++
	return keyOf(p.text[p.pos-1])
}
