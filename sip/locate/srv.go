package locate

import (
	"math/rand/v2"
	"slices"
)

// inOrder puts SRV records in the order to use them: by priority, and among
// equals drawn at random by weight (RFC 2782).
func inOrder(records []Record, random *rand.Rand) []Record {
	rest := slices.Clone(records)
	slices.SortStableFunc(rest, func(a, b Record) int {
		if a.Priority != b.Priority {
			return int(a.Priority) - int(b.Priority)
		}
		return int(a.Weight) - int(b.Weight) // zeros in front, as the draw wants
	})
	var list []Record
	for len(rest) > 0 {
		group := 1
		for group < len(rest) && rest[group].Priority == rest[0].Priority {
			group++
		}
		i := draw(rest[:group], random)
		list = append(list, rest[i])
		rest = slices.Delete(rest, i, i+1)
	}
	return list
}

// draw picks one of a group: the first whose running sum of weights reaches a
// random number from 0 to the sum of all.
func draw(group []Record, random *rand.Rand) int {
	total := 0
	for _, r := range group {
		total += int(r.Weight)
	}
	n, sum := random.IntN(total+1), 0
	for i, r := range group {
		if sum += int(r.Weight); sum >= n {
			return i
		}
	}
	return len(group) - 1
}
