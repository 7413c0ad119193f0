package cause

import (
	"cmp"
	"fmt"
	"math"
	"slices"
)

// leastWeight is what a cause must cost to be worth a word: a difference of two
// points of R is not noticed.
const leastWeight = 2

// Finding is one cause of a bad call.
type Finding struct {
	Cause      Cause   `json:"cause"`
	Weight     float64 `json:"weight"` // points of R it cost, about
	Value      float64 `json:"value"`  // the figure that shows it
	Unit       string  `json:"unit"`
	Owner      string  `json:"owner"`      // in words for the owner
	Technician string  `json:"technician"` // in figures
}

func (r *Record) add(list []Finding, c Cause, weight, value float64) []Finding {
	if !(weight >= leastWeight) {
		return list
	}
	a := &abouts[c]
	return append(list, Finding{
		Cause: c, Weight: tenth(weight), Value: tenth(value), Unit: a.unit, Owner: a.owner,
		Technician: fmt.Sprintf("%s: %s %.1f %s; costs %.0f of R", a.name, a.shows, value, a.unit, weight),
	})
}

func tenth(v float64) float64 { return math.Round(10*v) / 10 }

func rank(list []Finding) []Finding {
	slices.SortStableFunc(list, func(a, b Finding) int { return cmp.Compare(b.Weight, a.Weight) })
	return list
}
