package sip

import "time"

// RegisterBounds are the upper bounds of the buckets of [RegisterTimes].
var RegisterBounds = [...]time.Duration{
	50 * time.Millisecond, 200 * time.Millisecond, 500 * time.Millisecond, 2 * time.Second, 5 * time.Second,
}

// RegisterTimes are the requests that bring or refresh a registration, by what
// became of them and how long it took, since the UA was made.
type RegisterTimes struct {
	// Answers counts by the hundreds of the final status; 0 stands for none.
	Answers [7]uint64 `json:"answers"`
	// Took counts those that were answered by the time from the first REGISTER to
	// the final answer, the challenge included; one per bound and one beyond.
	Took [len(RegisterBounds) + 1]uint64 `json:"took"`
	Sum  time.Duration                   `json:"sum_ns"` // of these times
}

// answered counts a request with its final status, 0 = none came.
func (r *RegisterTimes) answered(code int, took time.Duration) {
	class := code / 100
	if class >= len(r.Answers) {
		class = 0
	}
	r.Answers[class]++
	if class == 0 {
		return
	}
	r.Sum += took
	for i, bound := range RegisterBounds {
		if took <= bound {
			r.Took[i]++
			return
		}
	}
	r.Took[len(RegisterBounds)]++
}
