package echo

import "github.com/ata-agent/ata-agent/dsp/fft"

// kalman learns the echo path by a Kalman filter in the frequency domain with
// diagonal covariances (Enzner and Vary, Signal Processing 86, 2006): for each
// bin of each partition it keeps the variance of the error of the model and
// weighs the echo that this error can make against the power of what was not
// cancelled. So the step is large at the start, sinks as the model gets better,
// and is next to nothing while the near end talks.
type kalman struct {
	filter    filter
	variances variances
	rest      [bins]float32 // power spectrum of what was not cancelled
	next      int           // partition to constrain next
	surprise  float32       // part of what was not cancelled just now that no error of the model explains; surprising when tones tell nothing
}

// variances are the mean squares of the errors of a filter.
type variances [][bins]float32

// Chosen by experiment on the eight models of G.168 with its signal and speech.
const (
	unknown   = 0.4  // variance of the first partition when nothing is known; echo tends to be early
	restPart  = 0.3  // that a block has in the power of what was not cancelled
	certainty = 0.2  // part of the ideal reduction of the variance; bins are not independent
	drift     = 1e-6 // part of the power of a path that may change within a block
	constrain = 2    // partitions to constrain in each block
	unlikely  = 3.5  // times the power expected of errors
	exact     = 5e-4 // part of the echo that remains of one known exactly
	tiny      = 1e-3 // keeps silence from being divided by itself
)

// whole is what owns all of its power.
var whole = func() (all [bins]float32) {
	for k := range all {
		all[k] = 1
	}
	return all
}()

func newKalman(partitions int) kalman {
	return kalman{filter: make(filter, partitions), variances: make(variances, partitions)}
}

// reset forgets everything.
func (a *kalman) reset() {
	clear(a.filter)
	a.rest = [bins]float32{}
	a.next, a.surprise = 0, 0
	a.doubt()
}

// doubt raises the variances to those of an unknown path. What was learnt stays
// until something better is.
func (a *kalman) doubt() {
	for p := range a.variances {
		for k := range bins {
			a.variances[p][k] = unknown / float32(min(1+p, 4))
		}
	}
}

// learn takes what the filter left of the newest block of h. Of a path that is known
// exactly, what leaks between the bins teaches too.
func (a *kalman) learn(h *history, rest *[block]float32, exactly bool) {
	var frame [fft.N]float32
	copy(frame[block:], rest[:])
	var e fft.Spectrum
	fft.Forward(&frame, &e)

	var gain [bins]float32
	for p := range a.variances {
		expect(&gain, &h.power[h.index(p)], &a.variances[p])
	}
	var strange, total float32
	for k := range bins {
		power := e.Re[k]*e.Re[k] + e.Im[k]*e.Im[k]
		total += power
		strange += max(0, power-unlikely*gain[k])
		a.rest[k] += restPart * (power - a.rest[k])
		gain[k] = 1 / (gain[k] + 2*a.rest[k] + tiny)
		e.Re[k] *= gain[k]
		e.Im[k] *= gain[k]
	}
	a.surprise = strange / (total + tiny)
	for p := range a.filter {
		i := h.index(p)
		owned := &h.owned[i]
		if exactly {
			owned = &whole
		}
		update(&a.filter[p], &a.variances[p], &h.spectra[i], owned, &e, &gain)
	}
	for range min(constrain, len(a.filter)) {
		a.filter.constrain(a.next)
		a.next = (a.next + 1) % len(a.filter)
	}
}

// echo returns the energy of the newest block's echo through a path that is known
// by its variances only.
func (v variances) echo(h *history) (sum float32) {
	var power [bins]float32
	for p := range v {
		expect(&power, &h.power[h.index(p)], &v[p])
	}
	for _, e := range power {
		sum += e
	}
	return sum / fft.N
}

// expect adds the power of the echo that errors of variance can make.
func expect(sum, power, variance *[bins]float32) {
	for k := range bins {
		sum[k] += power[k] * variance[k]
	}
}

// update corrects one partition by the error e and its variance by what the
// correction taught; e is scaled by gain, one over the power expected. Of x counts
// the part owned.
func update(w *fft.Spectrum, variance *[bins]float32, x *fft.Spectrum, owned *[bins]float32, e *fft.Spectrum, gain *[bins]float32) {
	for k := range bins {
		v := variance[k]
		step := v * owned[k]
		re := w.Re[k] + step*(x.Re[k]*e.Re[k]+x.Im[k]*e.Im[k])
		im := w.Im[k] + step*(x.Re[k]*e.Im[k]-x.Im[k]*e.Re[k])
		w.Re[k], w.Im[k] = re, im
		power := x.Re[k]*x.Re[k] + x.Im[k]*x.Im[k]
		variance[k] = v*(1-certainty*step*gain[k]*power) + drift*(re*re+im*im)
	}
}
