package foreign

import (
	"errors"
	"fmt"
	"maps"
	"math"
	"regexp"
	"strconv"
	"strings"
)

var errUnfilled = errors.New("the server's template has left a variable unfilled here")

// unfilled is a variable of a template as it stands in the file when the server
// has no value for it.
var unfilled = regexp.MustCompile(`\{\$[A-Za-z_]|\$[A-Za-z_][A-Za-z0-9_.]*\}`)

// Unfilled says whether a value holds a variable of the server's template.
func Unfilled(value string) bool { return unfilled.MatchString(value) }

// converters are the ones every table may use, and more.
func converters(more map[string]Converter) map[string]Converter {
	all := map[string]Converter{
		"text":   convertText,
		secret:   convertText, // never repeated, never searched for variables
		"yesno":  convertYesNo,
		"noyes":  convertNoYes,
		"number": convertNumber,
		"choice": convertChoice,
		"always": convertAlways,
	}
	maps.Copy(all, more)
	return all
}

func convertText(value string, _ []string) (any, string, error) { return value, "", nil }

// YesNo reads a yes or no in any of the ways the makers write it.
func YesNo(value string) (yes, ok bool) {
	switch strings.ToLower(value) {
	case "yes", "1", "true":
		return true, true
	case "no", "0", "false":
		return false, true
	}
	return false, false
}

func convertYesNo(value string, _ []string) (any, string, error) {
	yes, ok := YesNo(value)
	if !ok {
		return nil, "", errors.New("neither yes nor no")
	}
	return yes, "", nil
}

// convertNoYes is for parameters that say the opposite of the key.
func convertNoYes(value string, _ []string) (any, string, error) {
	yes, ok := YesNo(value)
	if !ok {
		return nil, "", errors.New("neither yes nor no")
	}
	return !yes, "", nil
}

// leading is the number at the start of a value.
var leading = regexp.MustCompile(`^[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)`)

// Number reads a number. What stands behind it is left out, with a note.
func Number(value string) (f float64, note string, err error) {
	digits := leading.FindString(value)
	f, err = strconv.ParseFloat(digits, 64)
	if err != nil || math.IsInf(f, 0) {
		return 0, "", errors.New("not a number")
	}
	if digits != value {
		note = "only the number at the start counts"
	}
	return f, note, nil
}

// convertNumber takes LOW and HIGH of the key and, if the units differ, the factor
// between them. A number beyond is set to the end of the range.
func convertNumber(value string, args []string) (any, string, error) {
	f, note, err := Number(value)
	if err != nil {
		return nil, "", err
	}
	low, high, factor, err := numbers(args)
	if err != nil {
		return nil, "", err
	}
	f = math.Round(f*factor*1e6) / 1e6
	if c := min(max(f, low), high); c != f {
		note = fmt.Sprintf("beyond %v to %v, set to %v", low, high, c)
		f = c
	}
	if f == math.Trunc(f) {
		return int(f), note, nil
	}
	return f, note, nil
}

func numbers(args []string) (low, high, factor float64, err error) {
	factor = 1
	for i, p := range []*float64{&low, &high, &factor} {
		if i < len(args) {
			if *p, err = strconv.ParseFloat(args[i], 64); err != nil {
				return 0, 0, 0, fmt.Errorf("foreign: table: %w", err)
			}
		}
	}
	return low, high, factor, nil
}

// convertChoice takes pairs: A=b for a value that means the same, A~b for one that
// means nearly the same.
func convertChoice(value string, args []string) (any, string, error) {
	for _, a := range args {
		i := strings.IndexAny(a, "=~")
		if i < 0 || !strings.EqualFold(a[:i], value) {
			continue
		}
		if a[i] == '~' {
			return a[i+1:], "the nearest there is: " + a[i+1:], nil
		}
		return a[i+1:], "", nil
	}
	return nil, "", errors.New("not a value that can be had here")
}

// inherent is the value of a parameter that needs no key: the agent is so.
var inherent any = struct{ inherent bool }{true}

// convertAlways is for what the agent does in one way only: ARGS are that way and,
// behind it, words for it.
func convertAlways(value string, args []string) (any, string, error) {
	words := strings.Join(args[1:], " ")
	same, ok := YesNo(args[0])
	got, also := YesNo(value)
	if strings.EqualFold(value, args[0]) || ok && also && same == got {
		return inherent, "as always: " + words, nil
	}
	return nil, "not so here: " + words, nil
}
