// Package rule reads the rules by which Sipura and Cisco adapters choose what to
// fetch: Profile_Rule, Upgrade_Rule, Report_Rule, and Resync_Trigger.
//
//	rule        = alternative { "|" alternative }
//	alternative = [ "(" condition ")" "?" ] [ "(" { name "=" string ";" } ")" "!" ] [ [ "[" options "]" ] URL ]
//	condition   = operand operator operand { "and" operand operator operand }
//	operand     = integer | version | string in quotes
//	operator    = "=" | "!=" | "<" | "<=" | ">" | ">=" | eq | ne | lt | le | gt | ge
//	options     = { --key K | --uid U | --pwd P | --post M | --alias M | --report }
//
// The first alternative whose condition holds is taken, and all but the last have
// one. Macros are expanded after the rule is read, so what they stand for is a
// value and never syntax.
package rule

import (
	"strings"

	"github.com/ata-agent/ata-agent/jsondoc"
	"github.com/ata-agent/ata-agent/provision/macro"
)

// MaxSize is the longest rule that is read, in bytes.
const MaxSize = 4096

// Rule is a parsed rule. It does not change.
type Rule struct{ alternatives []alternative }

type alternative struct {
	condition Condition
	assign    []Assignment
	url       string
	options   options
}

// Assignment sets a parameter.
type Assignment struct{ Name, Value string }

// Request says what to fetch, and how.
type Request struct {
	URL      string // as written, macros expanded; see [Resolve]
	User     string // --uid
	Password jsondoc.Secret
	Key      jsondoc.Secret // passphrase of an encrypted profile
	Post     string         // --post: body to send, the request is a POST then
	Alias    string         // --alias: parameter with a table of names
	Report   bool           // --report
}

// Step is what a rule wants done.
type Step struct {
	Assign []Assignment
	Fetch  *Request // nil: nothing
}

// Parse reads a rule. One that is empty or begins with # wants nothing. The error
// is a *SyntaxError.
func Parse(text string) (*Rule, error) {
	if t := strings.TrimSpace(text); t == "" || t[0] == '#' {
		return &Rule{}, nil
	}
	if len(text) > MaxSize {
		return nil, &SyntaxError{Column: MaxSize + 1, Want: "the end: the rule is too long"}
	}
	p := &parser{text: text}
	r := &Rule{}
	for {
		r.alternatives = append(r.alternatives, p.alternative())
		if p.err != nil {
			return nil, p.err
		}
		if !p.accept('|') {
			return r, nil
		}
		if last := r.alternatives[len(r.alternatives)-1]; last.condition == nil {
			p.want("no further alternative after one without condition")
			return nil, p.err
		}
	}
}

// Choose takes the first alternative whose condition holds and expands its
// macros. The names of secrets stand for something in --key, --uid and --pwd
// alone. It returns false if no condition holds. An error means that a condition
// compares what cannot be compared.
func (r *Rule) Choose(names, secrets macro.Names) (Step, bool, error) {
	for i := range r.alternatives {
		a := &r.alternatives[i]
		holds, err := a.condition.Holds(names)
		if err != nil {
			return Step{}, false, err
		}
		if holds {
			return a.step(names, secrets), true, nil
		}
	}
	return Step{}, false, nil
}

func (a *alternative) step(names, secrets macro.Names) Step {
	var s Step
	for _, as := range a.assign {
		s.Assign = append(s.Assign, Assignment{as.Name, names.Expand(as.Value)})
	}
	if a.url != "" {
		s.Fetch = a.options.request(names.Expand(a.url), names, names.With(secrets))
	}
	return s
}
