package media

import "github.com/ata-agent/ata-agent/dsp/progress"

// Watch has the far end's voice searched for tones of a network, of which
// VoiceOpts.FarTone is told: a gateway may play busy tone where it should signal
// the end of the call. Nil ends that.
func (v *Voice) Watch(p *progress.Plan) {
	if p == nil {
		v.watch.Store(nil)
		return
	}
	v.watch.Store(progress.New(p))
}

// watchFar listens to what the far end says. Data are no tones of a network.
func (v *Voice) watchFar(block []int16) {
	v.network = v.watch.Load()
	if v.network == nil || v.data.on || v.opts.FarTone == nil {
		return
	}
	v.network.Process(block)
	if k := v.network.Next(); k != 0 {
		v.opts.FarTone(v.session, k)
	}
}
