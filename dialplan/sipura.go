package dialplan

import "time"

// sipuraHeader reads the timers in front of the rules: L:10, and S:3, in any
// order.
func (p *parser) sipuraHeader() {
	for {
		timer := p.headerTimer(p.peek())
		if timer == nil {
			return
		}
		p.pos++
		if !p.accept(':') {
			p.fault(p.pos, "':'")
		}
		p.peek()
		*timer = p.duration()
		if !p.accept(',') {
			p.fault(p.pos, "','")
		}
	}
}

func (p *parser) headerTimer(c byte) *time.Duration {
	switch c {
	case 'L', 'l':
		return &p.plan.timers.long
	case 'S', 's':
		return &p.plan.timers.short
	}
	return nil
}

// sipuraItem reads one element of a rule.
func (p *parser) sipuraItem() {
	if p.rule.barred {
		p.fault(p.pos, "the end of the rule after '!'")
		p.skip()
		return
	}
	switch c := p.peek(); c {
	case '.':
		p.pos++
		p.repeat()
	case '<':
		p.pos++
		p.substitution(':')
	case ',':
		p.pos++
		p.add(element{op: opTone}, ",")
	case '!':
		p.bar()
	case 'L', 'l':
		p.sipuraTimer(opLong, "L")
	case 'S', 's':
		p.sipuraTimer(opShort, "S")
	case 'P', 'p':
		p.sipuraTimer(opPause, "P")
	default:
		p.sipuraKey()
	}
}

func (p *parser) bar() {
	if len(p.rule.elements) == 0 {
		p.fault(p.pos, "a number before '!'")
	}
	p.pos++
	p.rule.barred = true
}

func (p *parser) sipuraTimer(op op, letter string) {
	p.pos++
	d := p.duration()
	p.add(element{op: op, wait: d}, letter+seconds(d)+" ")
}

func (p *parser) sipuraKey() {
	switch c := p.peek(); {
	case c == 'x' || c == 'X' || c == '[' || keyOf(c) != 0 && keyOf(c) <= keyOf('#'):
		p.addKey(p.keys())
	default:
		p.fault(p.pos, "a key, x, a set, '<', '.', ',', '!', a timer, '|' or ')'")
		p.skip()
	}
}
