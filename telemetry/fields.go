package telemetry

import (
	"github.com/ata-agent/ata-agent/privacy"
	"github.com/ata-agent/ata-agent/telemetry/modem"
)

// catalogue is every field there is. The variables below are its entries.
var catalogue = new(privacy.Catalogue)

// Fields returns the declaration of every field of the program.
func Fields() *privacy.Catalogue { return catalogue }

// Labels that many fields have.
var (
	byLine       = privacy.Label{Name: "line", Values: []string{"1", "2", "3", "4", "5", "6", "7", "8"}}
	byDirection  = privacy.Label{Name: "direction", Values: []string{"received", "sent"}}
	byInterface  = privacy.Label{Name: "iface"}
	callWay      = privacy.Label{Name: "direction", Values: []string{"incoming", "outgoing"}}
	byCodec      = privacy.Label{Name: "codec", Values: []string{"PCMU", "PCMA"}}
	secondsShort = []float64{.005, .01, .02, .05}
)

// declare makes a metric that is no distribution.
func declare(kind privacy.Kind, name, unit string, c privacy.Category, l privacy.Level, p privacy.Purpose, help string, labels ...privacy.Label) privacy.Field {
	return catalogue.Declare(privacy.Declaration{
		Name: name, Kind: kind, Unit: unit, Category: c, Level: l, Purpose: p, Help: help, Labels: labels,
	})
}

// Consent.
var (
	consentLevel = declare(privacy.Gauge, "ata_consent_level", "", privacy.Identifiers, privacy.Necessary, privacy.Consent,
		"How much the owner lets leave, 0 nothing but this to 4.")
	consentSerial = declare(privacy.Gauge, "ata_consent_serial", "", privacy.Identifiers, privacy.Necessary, privacy.Consent,
		"Number of the owner's decision that is in force.")
	consentInstallation = catalogue.Declare(privacy.Declaration{
		Name: "ata_consent_installation_id", Kind: privacy.Text, Category: privacy.Identifiers, Level: privacy.Necessary, Purpose: privacy.Consent,
		Help: "Whose consent it is: the pseudonym under which this device sent before.",
	})
)

// The device.
var (
	installation = catalogue.Declare(privacy.Declaration{
		Name: "ata_installation_id", Kind: privacy.Text, Category: privacy.Identifiers, Level: privacy.Operational, Purpose: privacy.Operate,
		Help: "Pseudonym of this device, another one after each reset.", Resource: "app.installation.id",
	})
	buildInfo = declare(privacy.Info, "ata_agent_build_info", "", privacy.Firmware, privacy.Operational, privacy.Operate,
		"Version of the agent.", privacy.Label{Name: "version"}, privacy.Label{Name: "commit"}, privacy.Label{Name: "board"}, privacy.Label{Name: "go"})
	boardInfo = declare(privacy.Info, "ata_board_info", "", privacy.HardwareModel, privacy.Operational, privacy.Repair,
		"Model of the computer.", privacy.Label{Name: "model"}, privacy.Label{Name: "revision"}, privacy.Label{Name: "soc"})
	osInfo = declare(privacy.Info, "ata_os_info", "", privacy.OSVersion, privacy.Operational, privacy.Secure,
		"Operating system.", privacy.Label{Name: "id"}, privacy.Label{Name: "version"}, privacy.Label{Name: "kernel"})
	uptime = declare(privacy.Gauge, "ata_uptime_seconds", "s", privacy.Performance, privacy.Operational, privacy.Repair,
		"Time since the computer started.")
	processCPU = declare(privacy.Counter, "ata_process_cpu_seconds_total", "s", privacy.Performance, privacy.Operational, privacy.Repair,
		"Processor time that the agent used.")
	processMemory = declare(privacy.Gauge, "ata_process_resident_memory_bytes", "By", privacy.Performance, privacy.Operational, privacy.Repair,
		"Memory that the agent has in use.")
	load1 = declare(privacy.Gauge, "ata_system_load1", "", privacy.Performance, privacy.Operational, privacy.Repair,
		"Processes that wanted to run, mean of a minute.")
	memoryAvailable = declare(privacy.Gauge, "ata_system_memory_available_bytes", "By", privacy.Performance, privacy.Operational, privacy.Repair,
		"Memory that programs can still get.")
	temperature = declare(privacy.Gauge, "ata_system_temperature_celsius", "Cel", privacy.Performance, privacy.Operational, privacy.Repair,
		"Temperature at a sensor.", privacy.Label{Name: "sensor"})
	throttled = declare(privacy.Gauge, "ata_system_throttled", "", privacy.Performance, privacy.Operational, privacy.Repair,
		"Whether the processor is held back now.", privacy.Label{Name: "cause", Values: []string{"under_voltage", "frequency_capped", "throttled", "temperature"}})
	storageFree = declare(privacy.Gauge, "ata_storage_free_bytes", "By", privacy.Performance, privacy.Operational, privacy.Repair,
		"Room on a file system.", privacy.Label{Name: "mount", Values: []string{"state"}})
	storageLife = declare(privacy.Gauge, "ata_storage_life_used_ratio", "1", privacy.Performance, privacy.Operational, privacy.Repair,
		"Share of the flash's life that is used, in steps of a tenth.", privacy.Label{Name: "device"})
	storageWritten = declare(privacy.Counter, "ata_storage_written_bytes_total", "By", privacy.Performance, privacy.Operational, privacy.Repair,
		"What was written to a disk since the computer started.", privacy.Label{Name: "device"})
	clockSynchronized = declare(privacy.Gauge, "ata_clock_synchronized", "", privacy.Performance, privacy.Operational, privacy.Repair,
		"Whether the kernel's clock follows a time server.")
	clockOffset = declare(privacy.Gauge, "ata_ntp_offset_seconds", "s", privacy.Performance, privacy.Operational, privacy.Repair,
		"How far the clock is from the time server's.")
)

// The network.
var (
	networkUp = declare(privacy.Gauge, "ata_network_up", "", privacy.NetworkConfiguration, privacy.Operational, privacy.Repair,
		"Whether an interface has a link.", byInterface)
	networkSpeed = declare(privacy.Gauge, "ata_network_link_speed_bits", "bit/s", privacy.NetworkConfiguration, privacy.Operational, privacy.Repair,
		"Speed of a link.", byInterface)
	networkReceived = declare(privacy.Counter, "ata_network_receive_bytes_total", "By", privacy.Performance, privacy.Operational, privacy.Repair,
		"Bytes received on an interface.", byInterface)
	networkErrors = declare(privacy.Counter, "ata_network_errors_total", "", privacy.Performance, privacy.Operational, privacy.Repair,
		"Frames that were damaged or could not be sent.", byInterface, byDirection)
	networkAddress = declare(privacy.Info, "ata_network_address_info", "", privacy.NetworkConfiguration, privacy.Operational, privacy.Repair,
		"How an interface got its address; the address itself is not told.", byInterface,
		privacy.Label{Name: "family", Values: []string{"ipv4", "ipv6"}}, privacy.Label{Name: "method", Values: []string{"static", "dhcp", "slaac"}})
	networkPrefix = declare(privacy.Info, "ata_network_prefix_info", "", privacy.IPAddress, privacy.Operational, privacy.Repair,
		"The network that an address belongs to, /24 or /48.", byInterface, privacy.Label{Name: "prefix", Form: privacy.Address})
)

// Radio links, without the names of networks.
var (
	wifiSignal = declare(privacy.Gauge, "ata_wifi_signal_dbm", "dBm", privacy.SignalStrength, privacy.Quality, privacy.Repair,
		"Strength of the signal of the access point.", byInterface)
	wifiBitrate = declare(privacy.Gauge, "ata_wifi_bitrate_bits", "bit/s", privacy.SignalStrength, privacy.Quality, privacy.Repair,
		"Bitrate of the radio link.", byInterface, byDirection)
	wifiRetries = declare(privacy.Counter, "ata_wifi_tx_retries_total", "", privacy.SignalStrength, privacy.Quality, privacy.Repair,
		"Frames that had to be sent again.", byInterface)
	wifiFrequency = declare(privacy.Gauge, "ata_wifi_channel_frequency_hertz", "Hz", privacy.MobileNetwork, privacy.Quality, privacy.Repair,
		"Frequency of the radio channel.", byInterface)
)

// The mobile network, without who and where.
var (
	modemSignal = declare(privacy.Gauge, "ata_modem_signal_dbm", "dBm", privacy.SignalStrength, privacy.Quality, privacy.Repair,
		"Signal of the mobile network; rsrq and sinr in dB.",
		privacy.Label{Name: "kind", Values: namesOf(modem.Kinds[:])}, privacy.Label{Name: "technology", Values: namesOf(modem.Technologies[:])})
	modemTechnology = declare(privacy.Info, "ata_modem_access_technology_info", "", privacy.MobileNetwork, privacy.Quality, privacy.Repair,
		"Generation of the mobile network.", privacy.Label{Name: "technology", Values: namesOf(modem.Technologies[:])})
	modemState = declare(privacy.Info, "ata_modem_state_info", "", privacy.MobileNetwork, privacy.Quality, privacy.Repair,
		"What the modem is doing.", privacy.Label{Name: "state", Values: modem.States()})
	modemOperator = declare(privacy.Info, "ata_modem_operator_info", "", privacy.MobileNetwork, privacy.Diagnostics, privacy.Repair,
		"Name of the mobile network's operator.", privacy.Label{Name: "operator"})
)

// namesOf are texts of a type of their own.
func namesOf[T ~string](list []T) []string {
	names := make([]string, len(list))
	for i, v := range list {
		names[i] = string(v)
	}
	return names
}

// Configuration.
var (
	configApplied = declare(privacy.Counter, "ata_config_apply_total", "", privacy.DeviceConfiguration, privacy.Operational, privacy.Operate,
		"Configurations that were taken over or refused.", privacy.Label{Name: "result", Values: results})
	configSuccess = declare(privacy.Gauge, "ata_config_last_success_timestamp_seconds", "s", privacy.DeviceConfiguration, privacy.Operational, privacy.Operate,
		"When a configuration was taken over last.")
)

// The lines.
var (
	lineRegistered = declare(privacy.Gauge, "ata_line_registered", "", privacy.DeviceConfiguration, privacy.Operational, privacy.Operate,
		"Whether the line is registered with its server.", byLine)
	lineHook = declare(privacy.Gauge, "ata_line_hook_state", "", privacy.Performance, privacy.Quality, privacy.Repair,
		"Whether the receiver is on or off the hook.", byLine, privacy.Label{Name: "state", Values: []string{"off_hook", "on_hook"}})
	lineFault = declare(privacy.Gauge, "ata_line_fault", "", privacy.Performance, privacy.Operational, privacy.Repair,
		"Whether something is wrong with the port.", byLine,
		privacy.Label{Name: "kind", Values: []string{"out_of_service", "overload", "foreign_voltage", "leakage"}})
	lineVoltage = declare(privacy.Gauge, "ata_line_voltage_volts", "V", privacy.Performance, privacy.Quality, privacy.Repair,
		"Voltage to ground at a lead, and of the battery.", byLine, privacy.Label{Name: "point", Values: []string{"tip", "ring", "battery"}})
	lineCurrent = declare(privacy.Gauge, "ata_line_loop_current_amperes", "A", privacy.Performance, privacy.Quality, privacy.Repair,
		"Current through the telephone.", byLine)
	lineLostEvents = declare(privacy.Counter, "ata_line_lost_events_total", "", privacy.Performance, privacy.Operational, privacy.Repair,
		"Events that the line was too busy to take.", byLine)
	pcmRunning = declare(privacy.Gauge, "ata_pcm_clock_running", "", privacy.Performance, privacy.Operational, privacy.Repair,
		"Whether the voice highway has its clock.")
	pcmErrors = declare(privacy.Counter, "ata_pcm_clock_errors_total", "", privacy.Performance, privacy.Operational, privacy.Repair,
		"Periods of the voice highway that failed.")
)

// The calls, without who and when.
var (
	callsTotal = declare(privacy.Counter, "ata_calls_total", "", privacy.CallQuality, privacy.Quality, privacy.Improve,
		"Calls that ended.", byLine, callWay, privacy.Label{Name: "result", Values: []string{"answered", "unanswered"}})
	callsActive = declare(privacy.Gauge, "ata_calls_active", "", privacy.Performance, privacy.Quality, privacy.Operate,
		"Calls that are up.", byLine)
	callMOS = catalogue.Declare(privacy.Declaration{
		Name: "ata_call_mos_lq", Kind: privacy.Distribution, Category: privacy.CallQuality, Level: privacy.Quality, Purpose: privacy.Improve,
		Help: "Opinion of a listener at the end of a call, 1 to 4.5.", Labels: []privacy.Label{byCodec}, Bounds: []float64{1, 2, 2.5, 3, 3.5, 3.8, 4, 4.2, 4.5},
	})
	rtpPackets = declare(privacy.Counter, "ata_rtp_packets_total", "", privacy.CallQuality, privacy.Quality, privacy.Improve,
		"Packets of voice.", byLine, byDirection)
	rtpLost = declare(privacy.Counter, "ata_rtp_lost_packets_total", "", privacy.CallQuality, privacy.Quality, privacy.Improve,
		"Packets of voice that never came.", byLine)
	rtpDiscarded = declare(privacy.Counter, "ata_rtp_discarded_packets_total", "", privacy.CallQuality, privacy.Quality, privacy.Improve,
		"Packets of voice that came too late or found no room.", byLine)
	rtpJitter = catalogue.Declare(privacy.Declaration{
		Name: "ata_rtp_jitter_seconds", Kind: privacy.Distribution, Unit: "s", Category: privacy.CallQuality, Level: privacy.Quality, Purpose: privacy.Improve,
		Help: "Jitter at the end of a call (RFC 3550).", Bounds: secondsShort,
	})
	rtpRoundTrip = catalogue.Declare(privacy.Declaration{
		Name: "ata_rtp_round_trip_seconds", Kind: privacy.Distribution, Unit: "s", Category: privacy.CallQuality, Level: privacy.Quality, Purpose: privacy.Improve,
		Help: "Round trip time at the end of a call.", Bounds: []float64{.05, .1, .2, .4},
	})
	jitterBuffer = declare(privacy.Gauge, "ata_jitter_buffer_seconds", "s", privacy.CallQuality, privacy.Quality, privacy.Improve,
		"Delay of the jitter buffer in the present call.", byLine)
)

// The report at the end of a call. It tells no time of day, no duration and no
// number: who spoke when is nobody's business.
var (
	reportLine      = report("call.line", "Line of the call.")
	reportIncoming  = report("call.incoming", "1 for a call that came in.")
	reportMOSLQ     = report("call.mos_lq", "Opinion of a listener, 1 to 4.5.")
	reportMOSCQ     = report("call.mos_cq", "Opinion of one who converses, 1 to 4.5.")
	reportR         = report("call.r_factor", "Rating by ITU-T G.107, 0 to 93.")
	reportLoss      = report("call.loss_ratio", "Share of packets that never came.")
	reportDiscard   = report("call.discard_ratio", "Share of packets that came too late.")
	reportBursts    = report("call.bursts", "Stretches with much loss (RFC 3611).")
	reportJitter    = report("call.jitter_seconds", "Jitter (RFC 3550).")
	reportRoundTrip = report("call.round_trip_seconds", "Round trip time.")
	reportOneWay    = report("call.one_way_seconds", "Delay from mouth to ear, estimated.")
	reportBuffer    = report("call.jitter_buffer_seconds", "Delay of the jitter buffer at the end.")
	reportRemote    = report("call.remote_mos_lq", "Opinion at the far end, if it told.")
	reportWeight    = report("call.cause_points", "Points of the rating that the first cause cost, 0 for a call in order.")
	reportCause     = catalogue.Declare(privacy.Declaration{
		Name: "call.cause", Kind: privacy.Text, Category: privacy.CallQuality, Level: privacy.Quality, Purpose: privacy.Improve,
		Help: "What was worst in the call, by the names of docs/causes.md.",
	})
	reportCodec = catalogue.Declare(privacy.Declaration{
		Name: "call.codec", Kind: privacy.Text, Category: privacy.CallQuality, Level: privacy.Quality, Purpose: privacy.Improve, Help: "Coding of the voice.",
	})
)

func report(name, help string) privacy.Field {
	return declare(privacy.Gauge, name, "", privacy.CallQuality, privacy.Quality, privacy.Improve, help)
}

// Logs and traces.
var (
	logMessage = catalogue.Declare(privacy.Declaration{
		Name: "log.message", Kind: privacy.Text, Form: privacy.Prose, Category: privacy.Logs, Level: privacy.Diagnostics, Purpose: privacy.Repair,
		Help: "Record of the agent's log, without names, numbers and secrets.",
	})
	traceMessage = catalogue.Declare(privacy.Declaration{
		Name: "trace.sip", Kind: privacy.Text, Form: privacy.Message, Category: privacy.Trace, Level: privacy.Tracing, Purpose: privacy.Repair,
		Help: "SIP message while a trace was asked for, without credentials, names and numbers.",
	})
	tracePacket = declare(privacy.Gauge, "trace.rtp_header", "", privacy.Trace, privacy.Tracing, privacy.Repair,
		"Addresses and header of a voice packet while a capture was asked for.")
)

// Telemetry itself.
var (
	queueBytes = declare(privacy.Gauge, "ata_telemetry_queue_bytes", "By", privacy.Performance, privacy.Operational, privacy.Operate,
		"What waits to be sent.")
	dropped = declare(privacy.Counter, "ata_telemetry_dropped_total", "", privacy.Performance, privacy.Operational, privacy.Operate,
		"Batches that were not sent.", privacy.Label{Name: "reason", Values: []string{"full", "expired", "revoked", "refused", "damaged", "clock"}})
	seriesDropped = declare(privacy.Counter, "ata_telemetry_series_dropped_total", "", privacy.Performance, privacy.Operational, privacy.Operate,
		"Series that were left out because there were too many.")
	collectorErrors = declare(privacy.Counter, "ata_telemetry_collector_errors_total", "", privacy.Performance, privacy.Operational, privacy.Operate,
		"Parts of the device that could not be read.")
)
