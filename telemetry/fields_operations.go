package telemetry

import (
	"github.com/ata-agent/ata-agent/agent"
	"github.com/ata-agent/ata-agent/privacy"
)

// What is done to the device.
var (
	configVersion = declare(privacy.Info, "ata_config_version_info", "", privacy.DeviceConfiguration, privacy.Operational, privacy.Operate,
		"Whose configuration is in force, and the server's count of it.",
		privacy.Label{Name: "source", Values: []string{"server", "local"}}, privacy.Label{Name: "generation"})
	provisionRequests = declare(privacy.Counter, "ata_provision_requests_total", "", privacy.DeviceConfiguration, privacy.Operational, privacy.Operate,
		"Requests to the provisioning server, by the class of its answer; 304 if nothing was new.",
		privacy.Label{Name: "scheme", Values: []string{"https", "http", "tftp"}}, privacy.Label{Name: "code", Values: []string{"2xx", "304", "4xx", "5xx", "error"}})
	provisionDuration = catalogue.Declare(privacy.Declaration{
		Name: "ata_provision_duration_seconds", Kind: privacy.Distribution, Unit: "s", Category: privacy.DeviceConfiguration, Level: privacy.Operational, Purpose: privacy.Operate,
		Help: "What the provisioning server took for its answers.", Bounds: []float64{.1, .3, 1, 3, 10, 30},
	})
	certificateEnd = declare(privacy.Gauge, "ata_tls_cert_not_after_timestamp_seconds", "s", privacy.DeviceConfiguration, privacy.Operational, privacy.Operate,
		"When the first certificate of a use ends.", privacy.Label{Name: "use", Values: []string{"device", "server", "telemetry", "sip"}})
	auditRecords = declare(privacy.Counter, "ata_audit_records_total", "", privacy.Performance, privacy.Operational, privacy.Secure,
		"Entries of the log of what was done to the device, since the program started.",
		privacy.Label{Name: "kind", Values: []string{"configuration", "restart", "alarm", "wipe", "other"}})
	securityEvents = declare(privacy.Counter, "ata_security_events_total", "", privacy.Performance, privacy.Operational, privacy.Secure,
		"What somebody tried who may not.",
		privacy.Label{Name: "kind", Values: []string{"signature_bad", "rollback_refused", "document_of_other", "server_untrusted", "notify_rejected", "stranger"}})
	reboots = declare(privacy.Counter, "ata_reboots_total", "", privacy.Performance, privacy.Operational, privacy.Repair,
		"Starts of the computer that the agent has seen, by what made it start.", privacy.Label{Name: "reason", Values: bootReasons})
)

// The network, as far as the agent asks it.
var (
	dnsLookup = catalogue.Declare(privacy.Declaration{
		Name: "ata_dns_lookup_seconds", Kind: privacy.Distribution, Unit: "s", Category: privacy.Performance, Level: privacy.Quality, Purpose: privacy.Repair,
		Help: "What the DNS took for the addresses of SIP servers.", Bounds: []float64{.01, .1, .5, 2},
	})
	dhcpLease = declare(privacy.Gauge, "ata_dhcp_lease_seconds", "s", privacy.NetworkConfiguration, privacy.Operational, privacy.Repair,
		"For how long an IPv4 address is still leased.", byInterface)
)

// The work of the voice, for all lines together.
var (
	frameOverruns = declare(privacy.Counter, "ata_dsp_frame_overruns_total", "", privacy.Performance, privacy.Operational, privacy.Repair,
		"Periods of the voice highway in which the work took longer than the period.")
	frameDuration = catalogue.Declare(privacy.Declaration{
		Name: "ata_dsp_frame_duration_seconds", Kind: privacy.Distribution, Unit: "s", Category: privacy.Performance, Level: privacy.Quality, Purpose: privacy.Repair,
		Help: "What the voice of all lines takes per period of the highway.", Bounds: agent.WorkBounds[:],
	})
)

// What was measured of the lines.
var (
	lineREN = declare(privacy.Gauge, "ata_line_ren", "", privacy.Performance, privacy.Quality, privacy.Repair,
		"Load of the ringers, as the last line test found it.", byLine)
	ringTripMargin = declare(privacy.Gauge, "ata_line_ring_trip_margin_amperes", "A", privacy.Performance, privacy.Quality, privacy.Repair,
		"What the current of ringing may still grow before it looks like an answer, when the line last rang.", byLine)
	hookFlash = declare(privacy.Gauge, "ata_line_hook_flash_seconds", "s", privacy.Performance, privacy.Quality, privacy.Repair,
		"Break of the last hook flash.", byLine)
	pulseBreak = declare(privacy.Gauge, "ata_line_pulse_break_seconds", "s", privacy.Performance, privacy.Quality, privacy.Repair,
		"Break of a dial pulse, mean of the last digit.", byLine)
	pulsePeriod = declare(privacy.Gauge, "ata_line_pulse_period_seconds", "s", privacy.Performance, privacy.Quality, privacy.Repair,
		"From one dial pulse to the next, mean of the last digit.", byLine)
	echoLoss = declare(privacy.Gauge, "ata_echo_erl_decibels", "dB", privacy.CallQuality, privacy.Quality, privacy.Improve,
		"How much weaker the line's echo is than what goes to the telephone (ERL).", byLine)
	echoEnhancement = declare(privacy.Gauge, "ata_echo_erle_decibels", "dB", privacy.CallQuality, privacy.Quality, privacy.Improve,
		"What the echo canceller takes away besides (ERLE).", byLine)
)
