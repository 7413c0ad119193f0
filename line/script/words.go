package script

import (
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/ata-agent/ata-agent/line"
)

// words reads the words of a line. The first error stays; reading goes on with
// zero values.
type words struct {
	list []string
	err  error
}

// split cuts a line at blanks. A word in double quotes is a Go string.
func split(text string) (*words, error) {
	w := &words{}
	for text = strings.TrimLeft(text, " "); text != ""; text = strings.TrimLeft(text, " ") {
		word, rest, _ := strings.Cut(text, " ")
		if text[0] == '"' {
			quoted, err := strconv.QuotedPrefix(text)
			if err != nil {
				return nil, fmt.Errorf("string %s is not closed or has a bad escape", text)
			}
			word, rest = quoted, text[len(quoted):]
		}
		w.list = append(w.list, word)
		text = rest
	}
	return w, nil
}

func (w *words) peek() string {
	if len(w.list) == 0 {
		return ""
	}
	return w.list[0]
}

func (w *words) next() string {
	s := w.peek()
	if s == "" {
		w.fail(errors.New("a word is missing at the end"))
		return ""
	}
	w.list = w.list[1:]
	return s
}

func (w *words) fail(err error) {
	if w.err == nil {
		w.err = err
	}
}

// end returns the first error, or one if words are left.
func (w *words) end() error {
	if len(w.list) > 0 {
		w.fail(fmt.Errorf("do not understand %q", w.list[0]))
	}
	return w.err
}

func (w *words) either(yes, no string) bool {
	s := w.next()
	if s != yes && s != no {
		w.fail(fmt.Errorf("want %s or %s, have %q", yes, no, s))
	}
	return s == yes
}

func (w *words) flag(name string) bool {
	if w.peek() != name {
		return false
	}
	w.next()
	return true
}

func (w *words) call() line.CallID {
	n, err := strconv.ParseUint(w.next(), 10, 32)
	if err != nil {
		w.fail(fmt.Errorf("call: %w", err))
	}
	return line.CallID(n)
}

func (w *words) quoted() string {
	word := w.next()
	s, err := strconv.Unquote(word)
	if err != nil || word[0] != '"' {
		w.fail(fmt.Errorf("want a string in quotes, have %q", word))
	}
	return s
}

func (w *words) key() byte {
	key, err := parseKey(w.next())
	if err != nil {
		w.fail(err)
	}
	return key
}

// named reads the name of a value of a small enumeration.
func named[T interface {
	~uint8
	fmt.Stringer
}](w *words) T {
	s := w.next()
	for i := range 256 {
		if v := T(i); v.String() == s {
			return v
		}
	}
	w.fail(fmt.Errorf("unknown name %q", s))
	return 0
}
