package script

import (
	"errors"
	"fmt"
	"strings"
	"time"
)

// Parse takes a text apart. An error names its line.
func Parse(text string) (*Script, error) {
	p := &parser{script: &Script{}}
	for n, l := range strings.Split(strings.TrimSuffix(text, "\n"), "\n") {
		if err := p.line(l); err != nil {
			return nil, fmt.Errorf("script: line %d: %w", n+1, err)
		}
	}
	p.script.Trailer = p.takeComment()
	return p.script, nil
}

type parser struct {
	script  *Script
	comment strings.Builder
	now     time.Duration
}

func (p *parser) line(l string) error {
	l = strings.TrimRight(l, " \t\r")
	switch {
	case l == "" || l[0] == '#':
		p.comment.WriteString(l + "\n")
		return nil
	case l[0] == '\t' || l[0] == ' ':
		return p.effect(strings.TrimLeft(l, " \t"))
	}
	word, rest, _ := strings.Cut(l, " ")
	if word == "set" {
		return p.setting(rest)
	}
	return p.step(word, rest)
}

func (p *parser) takeComment() string {
	s := p.comment.String()
	p.comment.Reset()
	if s == "\n" && len(p.script.Settings)+len(p.script.Steps) == 0 {
		return "" // the line of an empty text
	}
	return s
}

func (p *parser) setting(rest string) error {
	if len(p.script.Steps) > 0 {
		return errors.New("a setting after the first step")
	}
	name, value, _ := strings.Cut(strings.TrimLeft(rest, " "), " ")
	if name == "" {
		return errors.New("set what?")
	}
	s := Setting{Comment: p.takeComment(), Name: name, Value: strings.TrimLeft(value, " ")}
	p.script.Settings = append(p.script.Settings, s)
	return nil
}

func (p *parser) step(when, what string) error {
	at, err := p.time(when)
	if err != nil {
		return err
	}
	s := Step{Comment: p.takeComment(), At: at}
	what = strings.TrimLeft(what, " ")
	if rest, ok := strings.CutPrefix(what, "late "); ok {
		s.Late, what = true, rest
	}
	if err := s.parse(what); err != nil {
		return err
	}
	p.now = s.end()
	p.script.Steps = append(p.script.Steps, s)
	return nil
}

// maxTime bounds the times of a script, so that sums do not overflow.
const maxTime = 50 * 365 * 24 * time.Hour

func (p *parser) time(s string) (time.Duration, error) {
	base := p.now
	if rest, ok := strings.CutPrefix(s, "@"); ok {
		base, s = 0, rest
	}
	d, err := time.ParseDuration(s)
	if err != nil {
		return 0, fmt.Errorf("want a time such as +1.5s or @1m, have %q", s)
	}
	if d.Abs() > 2*maxTime || (base+d).Abs() > maxTime {
		return 0, fmt.Errorf("time %q is too far away", s)
	}
	return base + d, nil
}

// parse reads an event or an action.
func (s *Step) parse(what string) error {
	w, err := split(what)
	if err != nil {
		return err
	}
	if s.Text, s.Events, err = parseAction(w); !errors.Is(err, errNoAction) {
		return err
	}
	e, err := parseEvent(w)
	if err != nil {
		return err
	}
	s.Text, s.Events = FormatEvent(e), []Timed{{Event: e}}
	return nil
}

func (p *parser) effect(text string) error {
	if len(p.script.Steps) == 0 {
		return errors.New("an effect before the first step")
	}
	if p.comment.Len() > 0 {
		return errors.New("a comment between a step and its effect")
	}
	var e Effect
	if text[0] == '+' || text[0] == '-' {
		when, rest, _ := strings.Cut(text, " ")
		d, err := time.ParseDuration(when)
		if err != nil {
			return fmt.Errorf("want a time such as +1.5s, have %q", when)
		}
		e.After, text = d, rest
	}
	c, err := ParseCall(text)
	if err != nil {
		return err
	}
	e.Call = c
	s := &p.script.Steps[len(p.script.Steps)-1]
	s.Effects = append(s.Effects, e)
	return nil
}
