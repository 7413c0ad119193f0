// Package stretch makes a voice shorter or longer without a change of its pitch:
// whole periods are left out or said twice, and the ends are blended where the
// voice is most like itself (waveform similarity overlap-add, as in W. Verhelst
// and M. Roelands, ICASSP 1993).
//
//	voice      a b c d e f g h          each letter a period
//	Shorten    a b c·d e f g h          c and d blended, one period less
//	Lengthen   a b c d·c d e f g h      d and c blended, one period more
//
// Where the voice has no period, or changes too much from one to the next,
// nothing is done: what is unvoiced or silent would lose or gain a piece that
// can be heard. Nothing here keeps state or allocates.
package stretch

import (
	"github.com/ata-agent/ata-agent/dsp"
	"github.com/ata-agent/ata-agent/dsp/pitch"
)

const (
	// MinLag and MaxLag bound how many samples are left out or added at once, 5
	// to 15 ms: a period of a voice of 67 to 200 Hz, or several of a higher one.
	MinLag = 40
	MaxLag = 120
	// Overlap is the most samples that are blended, 10 ms.
	Overlap = 80
	// Past is how many samples before now are looked at.
	Past = MaxLag + Overlap
)

const (
	alike  = 0.9 // correlation from which two pieces are the same sound
	louder = 2   // most ratio of their powers, 3 dB
	quiet  = 100 // rms below which a piece is no voice, -44 dBm0
)

// Shorten makes of x[Past:] what is to be played in its place with some periods
// less, and writes it to dst; the samples before were played already. It returns
// how many samples shorter it is: MinLag to most, or 0 if there are no such
// periods, and then dst is as it was. Len(x) is at least Past+MinLag+Overlap and
// at most Past+MaxLag+Overlap matters.
func Shorten(dst, x []int16, most int) int {
	seam := min(len(x)-Overlap, Past+MaxLag)
	lag := find(x, seam, min(most, seam-Past))
	if lag == 0 {
		return 0
	}
	n := copy(dst, x[Past:seam-lag])
	n += blend(dst[n:], x[seam-lag:], x[seam:], min(lag, Overlap))
	copy(dst[n:], x[seam+min(lag, Overlap):])
	return lag
}

// Lengthen is the opposite of Shorten: what it writes to dst is as many samples
// longer than x[Past:] as it returns. Len(x) is at least Past+Overlap.
func Lengthen(dst, x []int16, most int) int {
	lag := find(x, Past, most)
	if lag == 0 {
		return 0
	}
	n := blend(dst, x[Past:], x[Past-lag:], min(lag, Overlap))
	copy(dst[n:], x[Past-lag+n:])
	return lag
}

// find returns by how many samples, at most most, x may be moved against itself
// at seam, 0 if not at all.
func find(x []int16, seam, most int) int {
	most = min(most, MaxLag) &^ 1
	if most < MinLag {
		return 0
	}
	const span = 2 * Overlap
	end := seam + Overlap
	lag, likeness := pitch.Find(x[end-span-most:end], span, MinLag, most)
	if likeness < alike {
		return 0
	}
	now, then := power(x[seam:end]), power(x[seam-lag:end-lag])
	if min(now, then) < quiet*quiet*Overlap || max(now, then) > louder*min(now, then) {
		return 0
	}
	return lag
}

// blend writes n samples that begin like a and end like b, and returns n.
func blend(dst, a, b []int16, n int) int {
	for i := range n {
		from, to := int32(a[i]), int32(b[i])
		dst[i] = dsp.Saturate((from*int32(n-i) + to*int32(i)) / int32(n))
	}
	return n
}

// power is the sum of the squares.
func power(x []int16) (sum int64) {
	for _, s := range x {
		sum += int64(s) * int64(s)
	}
	return sum
}
