package dialplan

import (
	"math"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"
)

// parser reads a digit map. It goes on after a fault, so that the user sees
// all of them.
type parser struct {
	text   string
	pos    int
	plan   *Plan
	faults Errors

	rule     rule
	canon    strings.Builder // canonical text of the rule
	literals int             // inserted characters of the rule
	last     string          // canonical text of the key that '.' or '+' would repeat
}

// maxSeconds is the longest timer of a plan.
const maxSeconds = 3600

func (p *parser) parse() {
	if len(p.text) > maxText {
		p.fault(maxText, "at most "+strconv.Itoa(maxText)+" bytes")
		return
	}
	if p.plan.syntax == Grandstream {
		p.list('{', '}', p.grandstreamRule)
		return
	}
	p.sipuraHeader()
	p.list('(', ')', p.sipuraItem)
}

// list reads the rules between two brackets; item reads one element.
func (p *parser) list(open, closing byte, item func()) {
	if !p.accept(open) {
		p.fault(p.pos, quote(open))
	}
	for {
		p.sequence(closing, item)
		if !p.accept('|') {
			break
		}
	}
	if !p.accept(closing) {
		p.fault(p.pos, quote(closing))
	}
	if p.peek() != 0 {
		p.fault(p.pos, "the end of the plan")
	}
}

// sequence reads a rule up to the bar or bracket that ends it.
func (p *parser) sequence(closing byte, item func()) {
	c := p.peek()
	p.rule, p.literals, p.last = rule{column: p.column(p.pos)}, 0, ""
	p.canon.Reset()
	start, faults := p.pos, len(p.faults)
	for ; c != 0 && c != '|' && c != closing; c = p.peek() {
		item()
	}
	p.endSequence(start, len(p.faults) == faults)
}

// endSequence checks the rule as a whole and adds it to the plan. clean says
// that its elements have no fault.
func (p *parser) endSequence(start int, clean bool) {
	switch {
	case !clean:
	case len(p.rule.elements) == 0:
		p.fault(start, "a rule")
	case len(p.rule.elements) > maxElements:
		p.fault(start, "a rule of at most "+strconv.Itoa(maxElements)+" elements")
	case p.literals > maxLiterals:
		p.fault(start, "a rule that inserts at most "+strconv.Itoa(maxLiterals)+" characters")
	default:
		if len(p.plan.rules) == maxRules {
			p.fault(start, "at most "+strconv.Itoa(maxRules)+" rules")
		}
		p.rule.text = strings.TrimSuffix(p.canon.String(), " ")
		if p.rule.barred && p.plan.syntax == Sipura {
			p.rule.text += "!"
		}
		p.plan.rules = append(p.plan.rules, p.rule)
	}
}

// add appends an element and its canonical text to the rule.
func (p *parser) add(e element, canon string) {
	p.rule.elements = append(p.rule.elements, e)
	p.canon.WriteString(canon)
	p.last = ""
}

// addKey appends an element that takes one key.
func (p *parser) addKey(keys keySet) {
	if keys == 0 {
		return // the fault has been noted
	}
	p.add(element{op: opKey, keys: keys}, keys.String())
	p.last = keys.String()
}

// repeat makes the last key one that may come any number of times.
func (p *parser) repeat() {
	if p.last == "" {
		p.fault(p.pos-1, "a key or set before '.'")
		return
	}
	p.rule.elements[len(p.rule.elements)-1].op = opRepeat
	p.canon.WriteByte('.')
	p.last = ""
}

// set reads the keys between brackets, after the opening one.
func (p *parser) set() keySet {
	start, faults := p.pos, len(p.faults)
	var set keySet
	for {
		c := p.peek()
		switch c {
		case ']':
			p.pos++
			if set == 0 && len(p.faults) == faults {
				p.fault(start, "a key in the set")
			}
			return set
		case 0, '|', '[', '<':
			p.fault(p.pos, "']'")
			return 0
		case 'x', 'X':
			p.pos++
			set |= digits
		default:
			set |= p.member()
		}
	}
}

// member reads a key or a range of digits of a set.
func (p *parser) member() keySet {
	at := p.pos
	first := p.key("a key of a set")
	if first == 0 || !p.accept('-') {
		return first
	}
	const want = "the last digit of a range"
	if c := p.peek(); c == ']' || c == '|' {
		p.fault(p.pos, want)
		return 0
	}
	last := p.key(want)
	if last == 0 {
		return 0
	}
	if first&digits == 0 || last&digits == 0 || last < first {
		p.fault(at, "a range of rising digits")
		return 0
	}
	return (last<<1 - 1) &^ (first - 1)
}

// key reads one key. In Sipura's grammar letters and the plus sign are none.
func (p *parser) key(want string) keySet {
	c := p.peek()
	k := keyOf(c)
	if p.plan.syntax == Sipura && k > keyOf('#') || c == '+' {
		k = 0
	}
	if k == 0 {
		p.fault(p.pos, want)
	}
	p.skip()
	return k
}

// substitution reads <dialed:number> after its opening bracket. separator is
// the character between the two.
func (p *parser) substitution(separator byte) {
	p.canon.WriteByte('<')
	for c := p.peek(); c != separator; c = p.peek() {
		if c == 0 || c == '|' || c == '>' {
			p.fault(p.pos, quote(separator))
			p.accept('>')
			return
		}
		p.dialed(c)
	}
	p.pos++
	p.canon.WriteByte(separator)
	text := p.inserted()
	p.literals += len(text)
	p.add(element{op: opInsert, text: text}, text+">")
}

// dialed reads one item of the left side of a substitution.
func (p *parser) dialed(c byte) {
	if c == ',' {
		p.pos++
		p.add(element{op: opTone}, ",")
		return
	}
	if keys := p.keys(); keys != 0 {
		p.add(element{op: opDrop, keys: keys}, keys.String())
	}
}

// keys reads x, a set or a key.
func (p *parser) keys() keySet {
	switch c := p.peek(); {
	case c == 'x' || c == 'X':
		p.pos++
		return digits
	case c == '[':
		p.pos++
		return p.set()
	case c == '\\' && p.plan.syntax == Grandstream:
		return p.escaped()
	}
	return p.key("a key, x or a set")
}

// inserted reads the right side of a substitution and its closing bracket.
func (p *parser) inserted() string {
	var b strings.Builder
	for {
		c := p.peek()
		switch {
		case c == '>':
			p.pos++
			return b.String()
		case c == 0 || c == '|':
			p.fault(p.pos, "'>'")
			return ""
		case keyOf(c) == 0:
			p.fault(p.pos, "a digit, '*', '#', '+' or '>'")
		default:
			b.WriteByte(upper(c))
		}
		p.skip()
	}
}

// duration reads a number of seconds, with a fraction or not, and rounds it to
// milliseconds.
func (p *parser) duration() time.Duration {
	start := p.pos
	p.digits()
	if rest := p.text[p.pos:]; len(rest) > 1 && rest[0] == '.' && isDigit(rest[1]) {
		p.pos++
		p.digits()
	}
	s, err := strconv.ParseFloat(p.text[start:p.pos], 64)
	if err != nil || s > maxSeconds {
		p.fault(start, "a time of 0 to "+strconv.Itoa(maxSeconds)+" seconds")
		return 0
	}
	return time.Duration(math.Round(s*1000)) * time.Millisecond
}

func (p *parser) digits() {
	for p.pos < len(p.text) && isDigit(p.text[p.pos]) {
		p.pos++
	}
}

func isDigit(c byte) bool { return c >= '0' && c <= '9' }

// peek skips blanks and returns the character there, 0 at the end.
func (p *parser) peek() byte {
	for p.pos < len(p.text) && (p.text[p.pos] == ' ' || p.text[p.pos] == '\t') {
		p.pos++
	}
	if p.pos == len(p.text) {
		return 0
	}
	if p.text[p.pos] == 0 {
		return 0xff // no character of any grammar, and not the end
	}
	return p.text[p.pos]
}

// accept skips c if it is there.
func (p *parser) accept(c byte) bool {
	if p.peek() != c {
		return false
	}
	p.pos++
	return true
}

// skip goes on by one character of any alphabet.
func (p *parser) skip() {
	_, n := utf8.DecodeRuneInString(p.text[p.pos:])
	p.pos += n
}

// fault notes what is wrong at a place of the text.
func (p *parser) fault(at int, want string) {
	found := "the end"
	if at < len(p.text) {
		r, _ := utf8.DecodeRuneInString(p.text[at:])
		found = strconv.QuoteRune(r)
	}
	p.faults = append(p.faults, &SyntaxError{Column: p.column(at), Found: found, Want: want})
}

func (p *parser) column(at int) int { return utf8.RuneCountInString(p.text[:at]) + 1 }

func quote(c byte) string { return "'" + string(c) + "'" }
