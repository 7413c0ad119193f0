package rule

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/ata-agent/ata-agent/provision/macro"
)

// Condition is a list of comparisons that all must hold. An empty one holds.
type Condition []comparison

type comparison struct {
	left, right operand
	operator    operator
}

// operand is a number or version, unless it was written in quotes.
type operand struct {
	text   string
	quoted bool
}

// operator is a set of outcomes: which of less, equal and greater satisfy it.
type operator struct{ less, equal, greater bool }

var operators = map[string]operator{
	"=": {equal: true}, "eq": {equal: true},
	"!=": {less: true, greater: true}, "ne": {less: true, greater: true},
	"<": {less: true}, "lt": {less: true},
	"<=": {less: true, equal: true}, "le": {less: true, equal: true},
	">": {greater: true}, "gt": {greater: true},
	">=": {greater: true, equal: true}, "ge": {greater: true, equal: true},
}

// ordered says whether the operator needs to know which operand is greater.
func (o operator) ordered() bool { return o.less != o.greater }

func (o operator) holds(order int) bool {
	return order < 0 && o.less || order == 0 && o.equal || order > 0 && o.greater
}

// ParseCondition reads a condition that stands alone, as Resync_Trigger has it.
// An empty one never holds there, so the caller need not ask.
func ParseCondition(text string) (Condition, error) {
	if len(text) > MaxSize {
		return nil, &SyntaxError{Column: MaxSize + 1, Want: "the end: the condition is too long"}
	}
	p := &parser{text: text}
	c := p.condition()
	if p.err == nil && p.peek() != 0 {
		p.want("'and' or the end")
	}
	if p.err != nil {
		return nil, p.err
	}
	return c, nil
}

// Holds says whether every comparison does. The error says what cannot be
// compared.
func (c Condition) Holds(names macro.Names) (bool, error) {
	for _, cmp := range c {
		holds, err := cmp.holds(names)
		if err != nil || !holds {
			return false, err
		}
	}
	return true, nil
}

func (c *comparison) holds(names macro.Names) (bool, error) {
	left, right := names.Expand(c.left.text), names.Expand(c.right.text)
	if c.left.quoted || c.right.quoted {
		if c.operator.ordered() {
			return false, fmt.Errorf("rule: strings %q and %q have no order", left, right)
		}
		return c.operator.holds(strings.Compare(left, right)), nil
	}
	order, err := compareVersions(left, right)
	return err == nil && c.operator.holds(order), err
}

// compareVersions compares numbers like 17 and versions like 2.0.6(b): the parts
// between the dots as numbers, then what is in parentheses as text.
func compareVersions(a, b string) (int, error) {
	left, err := parseVersion(a)
	if err != nil {
		return 0, err
	}
	right, err := parseVersion(b)
	if err != nil {
		return 0, err
	}
	for i := range max(len(left.parts), len(right.parts)) {
		if l, r := left.part(i), right.part(i); l != r {
			return int(min(max(l-r, -1), 1)), nil
		}
	}
	return strings.Compare(left.suffix, right.suffix), nil
}

type version struct {
	parts  []int64
	suffix string
}

// part returns part i; one that is not there counts as 0, so that 2.0 is 2.
func (v *version) part(i int) int64 {
	if i < len(v.parts) {
		return v.parts[i]
	}
	return 0
}

func parseVersion(text string) (*version, error) {
	numbers, suffix, _ := strings.Cut(text, "(")
	v := &version{suffix: strings.TrimSuffix(suffix, ")")}
	for part := range strings.SplitSeq(numbers, ".") {
		n, err := strconv.ParseInt(part, 10, 32)
		if err != nil {
			return nil, fmt.Errorf("rule: %q is neither a number nor a version", text)
		}
		v.parts = append(v.parts, n)
	}
	return v, nil
}
