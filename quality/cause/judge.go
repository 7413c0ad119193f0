package cause

import "time"

const (
	longDelay     = 150 * time.Millisecond // one way through the network (ITU-T G.114)
	loneBurst     = 2                      // BurstR of G.107: losses at random have 1
	manyOvertaken = 0.05                   // share of the packets
	fewSeconds    = 0.4                    // share of the time that "now and then" is
	nothingFrom   = 3 * time.Second        // of talk without a packet
	reportsNeeded = 2                      // of the far end that speak of nothing of ours
	echoFrom      = 3 * time.Second        // of far talk from which an echo is judged
	quietSpeech   = -33                    // dBm0
	noSpeech      = -50                    // what is so quiet is the rest of an echo, or a noise
	loudSpeech    = -9
	noisy         = -55
	slowFrom      = 3 * time.Second
	driftShown    = 60  // ppm
	weakSignal    = -72 // dBm, from where radios repeat much of what they send
)

// Causes ranks what is known so far, what cost most first. A call in order has none.
func (r *Record) Causes() []Finding {
	list := r.signalling(nil)
	list = r.ownDevice(list)
	if r.talk > 0 {
		list = r.way(list)
		list = r.losses(list)
		list = r.evenness(list)
		list = r.sentVoice(list)
		list = r.echo(list)
		list = r.levels(list)
		list = r.weakRadio(list)
	}
	return rank(list)
}

func (r *Record) signalling(list []Finding) []Finding {
	s := &r.Signalling
	if s.Setup > slowFrom {
		list = r.add(list, SlowServer, min(40, 4*s.Setup.Seconds()), s.Setup.Seconds())
	}
	if refused(s.Code) {
		list = r.add(list, ServerRefused, mostPoints, float64(s.Code))
	}
	return list
}

// refused says whether a status means a fault and not that somebody is busy, absent
// or unknown.
func refused(code int) bool {
	switch code {
	case 401, 402, 403, 407, 408, 415, 420, 421, 423, 481, 482, 483, 488, 491, 493, 494, 606:
		return true
	}
	return code >= 500 && code < 600
}

func (r *Record) ownDevice(list []Finding) []Finding {
	minutes := max(r.talk, time.Minute).Minutes()
	if r.stalls > 0 {
		weight := 10 + 5*r.stalls/minutes
		list = r.add(list, ProcessorStalls, min(weight, mostPoints), 1000*r.stalled.Seconds())
	}
	if r.highway > 0 {
		list = r.add(list, HighwayLost, 80, r.highway)
	}
	if r.alarms > 0 {
		list = r.add(list, PortAlarm, min(40+10*r.alarms, mostPoints), r.alarms)
	}
	return list
}

// way is whether the voice comes at all, in what form and how far.
func (r *Record) way(list []Finding) []Finding {
	outage := r.outage
	if r.silent >= outageFrom {
		outage += r.silent
	}
	switch {
	case !r.heard && r.silent >= nothingFrom && r.garbage == 0:
		list = r.add(list, NoVoiceReceived, mostPoints, r.silent.Seconds())
	case r.heard && outage > 0:
		list = r.add(list, VoiceInterrupted, 20+70*outage.Seconds()/r.talk.Seconds(), outage.Seconds())
	}
	if all := r.garbage + r.received; all > 0 {
		share := r.garbage / all
		list = r.add(list, WrongCoding, 90*share, 100*share)
	}
	if oneWay := r.last.Heard.RoundTrip / 2; oneWay > longDelay {
		list = r.add(list, Delay, delayCost(oneWay+2*usualPacket), 1000*oneWay.Seconds())
	}
	if ppm, ok := r.drift.ppm(); ok && abs(ppm) >= driftShown {
		list = r.add(list, ClockDrift, min(abs(ppm)/25, 12), ppm)
	}
	return list
}

// losses is what was lost of what came.
func (r *Record) losses(list []Finding) []Finding {
	if r.expected < 1 {
		return list
	}
	lost := r.lost / r.expected
	burst := 1.0
	if r.runs >= 1 {
		burst = (r.lost + r.discarded) / r.runs * (1 - lost)
	}
	what := LossReceived
	if burst >= loneBurst {
		what = BurstLossReceived
	}
	list = r.add(list, what, lossCost(lost, burst), 100*lost)
	return list
}

// evenness is whether the voice came in time and order. A network that queues
// keeps the order, so packets that overtake each other are no busy network.
func (r *Record) evenness(list []Finding) []Finding {
	if r.judged <= 0 {
		return list
	}
	total := r.judged.Seconds()
	late := max(r.starved.Seconds()/total, r.discarded/max(r.expected, 1))
	limit := min(late, r.atLimit/max(r.expected, 1))
	mean := r.jitter / total
	order := r.reordered / max(r.received, 1)
	switch {
	case order >= manyOvertaken:
		return r.add(list, Reordering, 20*order+200*mean+lossCost(late, 1), 100*order)
	case r.unevenTime.Seconds() >= fewSeconds*total:
		list = r.add(list, BufferTooShort, lossCost(limit, 1), 100*limit)
		return r.add(list, JitterReceived, 200*mean+lossCost(late-limit, 1)/2, 1000*mean)
	case r.starvedTime > 0:
		list = r.add(list, LateBurstsReceived, 3+lossCost(late, 4), 1000*60*r.starved.Seconds()/total)
	}
	return list
}

// sentVoice is what became of our voice.
func (r *Record) sentVoice(list []Finding) []Finding {
	s := &r.last
	if all := r.sent + r.sendErrors; all > 0 {
		share := r.sendErrors / all
		list = r.add(list, CannotSend, lossCost(share, 8), 100*share)
	}
	if s.FarReports >= reportsNeeded && s.FarReportsOfUs == 0 && r.sent > 0 {
		list = r.add(list, NoVoiceSent, mostPoints, r.sent)
	}
	if r.sent > 0 {
		share := r.farLost / r.sent
		list = r.add(list, LossSent, lossCost(share, s.Far.BurstRatio), 100*share)
	}
	if r.farJudged > 0 {
		if mean := r.farJitter / r.farJudged.Seconds(); mean > uneven.Seconds() {
			list = r.add(list, JitterSent, 200*mean+lossCost(s.Far.DiscardRate, 1)/2, 1000*mean)
		}
	}
	return list
}

// echo is what the far end hears of itself. A canceller leaves nothing to judge:
// one that knows no echo path may have none to know while both talk.
func (r *Record) echo(list []Finding) []Finding {
	s := &r.last
	if r.farTalk < echoFrom || s.EchoCancelled {
		return list
	}
	return r.add(list, EchoOfTelephone, echoCost(r.back, s.Heard.OneWay), r.back)
}

func (r *Record) levels(list []Finding) []Finding {
	list = r.level(list, &r.farSpeech, &r.farNoise, r.farClipped, FarTooQuiet)
	return r.level(list, &r.speech, &r.noise, r.clipped, NearTooQuiet)
}

// level judges one direction; quiet is its first cause, too loud and noise follow.
func (r *Record) level(list []Finding, speechMean, noiseMean *levelMean, clipped float64, quiet Cause) []Finding {
	loud, noisier := quiet+1, quiet+2
	speech, noise := speechMean.value(), noiseMean.value()
	perSecond := clipped / r.talk.Seconds()
	switch {
	case speech < quietSpeech && speech > noSpeech:
		list = r.add(list, quiet, levelCost(speech), speech)
	case speech > loudSpeech && speech < 0 || perSecond > 1:
		list = r.add(list, loud, levelCost(min(speech, 0))+min(perSecond, 40), speech)
	}
	if noise > noisy && noise < 0 {
		list = r.add(list, noisier, noiseCost(noise), noise)
	}
	return list
}

// weakRadio is what explains loss and unevenness, in either direction, when the link of
// this device was weak at that time: it costs as much as the worst of them, and a
// little more because it is the reason.
func (r *Record) weakRadio(list []Finding) []Finding {
	signal := r.radio.value()
	if signal == 0 || signal > weakSignal {
		return list
	}
	worst := 0.0
	for _, f := range list {
		switch f.Cause {
		case LossReceived, BurstLossReceived, LossSent, JitterReceived, LateBurstsReceived, JitterSent, BufferTooShort:
			worst = max(worst, f.Weight)
		}
	}
	if worst == 0 {
		return list
	}
	return r.add(list, WeakRadio, worst+1, signal)
}

func abs(v float64) float64 { return max(v, -v) }
