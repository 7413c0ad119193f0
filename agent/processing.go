package agent

import (
	"github.com/ata-agent/ata-agent/config"
	"github.com/ata-agent/ata-agent/media"
	"github.com/ata-agent/ata-agent/slic"
)

// processing is what is done to the voice of a line. A chip that has gains does
// them itself, before it rounds to what the highway carries.
func processing(cfg *config.Line, caps slic.Caps) media.Processing {
	p := media.Processing{
		NoEchoCanceller: !cfg.DSP.EchoCanceller,
		EchoTail:        cfg.DSP.EchoTail.Duration(),
		NoHighPass:      !cfg.DSP.HighPass,
	}
	if !caps.Gain {
		p.ToPhoneGain, p.FromPhoneGain = cfg.SLIC.ToPhoneGain, cfg.SLIC.FromPhoneGain
	}
	return p
}
