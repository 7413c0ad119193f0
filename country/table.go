package country

import (
	_ "embed" // the table
	"fmt"
	"slices"
	"strings"
)

// table is the text all countries are read from; its head explains it.
//
//go:embed countries.txt
var table string

const blockStart = "\ncountry "

// Lookup returns the country of an ISO 3166-1 alpha-2 code, in capitals or
// not. The caller owns it and may change it.
func Lookup(code string) (*Country, bool) {
	if len(code) != 2 {
		return nil, false
	}
	at := strings.Index(table, blockStart+strings.ToUpper(code)+" ")
	if at < 0 {
		return nil, false
	}
	return mustParse(block(table[at+1:])), true
}

// All returns every country in the order of the codes. The caller owns them.
func All() []*Country {
	var all []*Country
	rest := table
	for {
		at := strings.Index(rest, blockStart)
		if at < 0 {
			break
		}
		rest = rest[at+1:]
		all = append(all, mustParse(block(rest)))
	}
	slices.SortFunc(all, func(a, b *Country) int { return strings.Compare(a.Code, b.Code) })
	return all
}

// block cuts the text of the first country off the others.
func block(text string) string {
	b, _, _ := strings.Cut(text, "\n\n")
	return strings.TrimRight(b, "\n")
}

// mustParse reads a block of the embedded table, which the tests read in full.
func mustParse(block string) *Country {
	c, err := parse(block)
	if err != nil {
		panic(fmt.Errorf("country: read the table: %w", err))
	}
	return c
}
