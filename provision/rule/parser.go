package rule

import (
	"fmt"
	"strings"
)

// SyntaxError is the first fault of a rule.
type SyntaxError struct {
	Column int    // from 1, in bytes
	Want   string // what was expected
}

// Error says where the fault is and what was expected there. It does not repeat
// the rule, which may hold a password.
func (e *SyntaxError) Error() string {
	return fmt.Sprintf("rule: column %d: want %s", e.Column, e.Want)
}

type parser struct {
	text string
	pos  int
	err  error
}

// alternative reads up to the bar or the end.
func (p *parser) alternative() alternative {
	var a alternative
	if p.conditionAhead() {
		a.condition = p.guard()
	}
	if p.err == nil && p.peek() == '(' {
		a.assign = p.assignments()
	}
	if p.err == nil && p.accept('[') {
		a.options = p.options()
	}
	if p.err == nil {
		a.url = p.url()
	}
	return a
}

// conditionAhead tells a condition from assignments: both stand in parentheses,
// only the character behind them differs.
func (p *parser) conditionAhead() bool {
	if p.peek() != '(' {
		return false
	}
	ahead := &parser{text: p.text, pos: p.pos}
	ahead.skipGroup()
	return ahead.peek() == '?'
}

// skipGroup goes behind a group in parentheses, which may hold others and strings.
func (p *parser) skipGroup() {
	depth := 0
	for p.pos < len(p.text) {
		switch p.text[p.pos] {
		case '(':
			depth++
		case ')':
			depth--
		case '"':
			p.quoted()
			continue
		}
		p.pos++
		if depth == 0 {
			return
		}
	}
}

func (p *parser) guard() Condition {
	p.expect('(')
	c := p.condition()
	p.expect(')')
	p.expect('?')
	return c
}

func (p *parser) condition() Condition {
	var c Condition
	for p.err == nil {
		c = append(c, comparison{left: p.operand(), operator: p.operator(), right: p.operand()})
		if !p.acceptWord("and") {
			return c
		}
	}
	return c
}

func (p *parser) operand() operand {
	if p.peek() == '"' {
		return operand{p.quoted(), true}
	}
	return operand{text: p.word(" \t=!<>\"|")}
}

func (p *parser) operator() operator {
	p.peek()
	n := len(p.text[p.pos:]) - len(strings.TrimLeft(p.text[p.pos:], "=!<>"))
	if n == 0 {
		n = min(2, len(p.text)-p.pos)
	}
	o, ok := operators[strings.ToLower(p.text[p.pos:p.pos+n])]
	if !ok {
		p.want("=, !=, <, <=, >, >=, eq, ne, lt, le, gt or ge")
	}
	p.pos += n
	return o
}

func (p *parser) assignments() []Assignment {
	p.expect('(')
	var list []Assignment
	for p.err == nil && !p.accept(')') {
		name := p.word(" \t=")
		p.expect('=')
		if p.peek() != '"' {
			p.want("a value in quotes")
			break
		}
		list = append(list, Assignment{name, p.quoted()})
		if !p.accept(';') && p.peek() != ')' {
			p.want("';' or ')'")
		}
	}
	p.expect('!')
	return list
}

// url reads up to the bar or the end.
func (p *parser) url() string {
	p.peek()
	rest, _, _ := strings.Cut(p.text[p.pos:], "|")
	u := strings.TrimSpace(rest)
	if i := strings.IndexAny(u, " \t\r\n"); i >= 0 {
		p.pos += i
		p.want("'|' or the end after the URL")
	}
	p.pos += len(rest)
	return u
}

// word reads up to one of the characters of stop, or a parenthesis that was not
// opened within the word.
func (p *parser) word(stop string) string {
	p.peek()
	start, depth := p.pos, 0
	for p.pos < len(p.text) {
		c := p.text[p.pos]
		if c == '(' {
			depth++
		}
		if c == ')' {
			depth--
		}
		if depth < 0 || strings.IndexByte(stop, c) >= 0 {
			break
		}
		p.pos++
	}
	if p.pos == start {
		p.want("a value")
	}
	return p.text[start:p.pos]
}

// quoted reads a string in quotes; there is no way to write a quote in it.
func (p *parser) quoted() string {
	p.pos++
	value, _, closed := strings.Cut(p.text[p.pos:], `"`)
	if !closed {
		p.want("a closing quote")
		p.pos = len(p.text)
		return ""
	}
	p.pos += len(value) + 1
	return value
}

// peek skips blanks and returns the next character, 0 at the end.
func (p *parser) peek() byte {
	for p.pos < len(p.text) && strings.IndexByte(" \t\r\n", p.text[p.pos]) >= 0 {
		p.pos++
	}
	if p.pos == len(p.text) {
		return 0
	}
	return p.text[p.pos]
}

func (p *parser) accept(c byte) bool {
	if p.peek() != c {
		return false
	}
	p.pos++
	return true
}

// acceptWord takes a word that a blank follows.
func (p *parser) acceptWord(word string) bool {
	p.peek()
	rest := p.text[p.pos:]
	if len(rest) <= len(word) || !strings.EqualFold(rest[:len(word)], word) || !strings.ContainsAny(rest[len(word):len(word)+1], " \t\r\n") {
		return false
	}
	p.pos += len(word)
	return true
}

func (p *parser) expect(c byte) {
	if !p.accept(c) {
		p.want("'" + string(c) + "'")
	}
}

// want notes the first fault.
func (p *parser) want(what string) {
	if p.err == nil {
		p.err = &SyntaxError{p.pos + 1, what}
	}
}
