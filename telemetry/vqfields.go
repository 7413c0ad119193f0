package telemetry

import (
	"github.com/ata-agent/ata-agent/privacy"
	"github.com/ata-agent/ata-agent/quality/vqrtcpxr"
)

// Labels of voice quality reports.
var (
	byEnd    = privacy.Label{Name: "end", Values: []string{localEnd, remoteEnd}}
	byFigure = privacy.Label{Name: "figure", Values: figureNames()}
)

// Ends of a call: where it is heard.
const (
	localEnd  = "local"
	remoteEnd = "remote"
)

func figureNames() (names []string) {
	for _, f := range vqrtcpxr.Figures() {
		names = append(names, f.String())
	}
	return names
}

// The voice quality report, which goes to a collector by SIP. Without phone_number
// it tells neither who spoke nor when.
var (
	vqFigure = declare(privacy.Gauge, "vq.figure", "", privacy.CallQuality, privacy.Quality, privacy.Improve,
		"Figure of the voice at one end of a call, by the names of RFC 6035.", byEnd, byFigure)
	vqAlert = declare(privacy.Gauge, "vq.alert", "", privacy.CallQuality, privacy.Quality, privacy.Improve,
		"That a figure became bad or good again during a call.", byFigure, privacy.Label{Name: "severity", Values: []string{"Clear", "Warning", "Critical"}})
	vqCallID   = vqParty("vq.call_id", "What servers know the call by, or a pseudonym of it.")
	vqLocalTag = vqParty("vq.local_tag", "This end's tag of the call, or a pseudonym of it.")
	vqFarTag   = vqParty("vq.remote_tag", "The far end's tag of the call, or a pseudonym of it.")
	vqLocal    = vqParty("vq.local_party", "Number or user of the line, or a pseudonym of it.")
	vqRemote   = vqParty("vq.remote_party", "Number or user at the far end, or a pseudonym of it.")
	vqDomain   = catalogue.Declare(privacy.Declaration{
		Name: "vq.domain", Kind: privacy.Text, Category: privacy.PhoneNumber, Level: privacy.Quality, Purpose: privacy.Improve, Help: "Domain of the account.",
	})
	vqStart = declare(privacy.Gauge, "vq.start_seconds", "s", privacy.PhoneNumber, privacy.Quality, privacy.Improve,
		"When what is reported began; the hour alone is told without it.")
	vqStop = declare(privacy.Gauge, "vq.stop_seconds", "s", privacy.PhoneNumber, privacy.Quality, privacy.Improve,
		"When what is reported ended; the hour alone is told without it.")
	vqLocalAddress  = vqAddress("vq.local_address", "Network in which this end takes voice.")
	vqRemoteAddress = vqAddress("vq.remote_address", "Network in which the far end takes voice.")
	vqPort          = declare(privacy.Gauge, "vq.port", "", privacy.IPAddress, privacy.Quality, privacy.Improve, "Port at which an end takes voice.", byEnd)
	vqSSRC          = declare(privacy.Gauge, "vq.ssrc", "", privacy.IPAddress, privacy.Quality, privacy.Improve, "Number of an end's stream of voice.", byEnd)
)

func vqParty(name, help string) privacy.Field {
	return catalogue.Declare(privacy.Declaration{
		Name: name, Kind: privacy.Text, Form: privacy.Party, Category: privacy.CallQuality, Level: privacy.Quality, Purpose: privacy.Improve, Help: help,
	})
}

func vqAddress(name, help string) privacy.Field {
	return catalogue.Declare(privacy.Declaration{
		Name: name, Kind: privacy.Text, Form: privacy.Address, Category: privacy.IPAddress, Level: privacy.Quality, Purpose: privacy.Improve, Help: help,
	})
}

// vqResults counts reports.
var vqResults = declare(privacy.Counter, "ata_quality_reports_total", "", privacy.Performance, privacy.Operational, privacy.Operate,
	"Voice quality reports, and attempts that failed, towards the collector.",
	privacy.Label{Name: "result", Values: []string{"sent", "failed", "refused", "withheld", "full", "expired"}})
