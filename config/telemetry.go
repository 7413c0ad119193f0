package config

import (
	"net"
	"net/netip"
	"net/url"
	"regexp"
	"strconv"
	"strings"
)

// Telemetry is what the device tells about itself, and to whom. What may be told
// is in Privacy and with the owner.
type Telemetry struct {
	Listen   string         `json:"listen" range:"0..64" doc:"Local address, IP:port, that serves /metrics to Prometheus without a password: the loopback address or one of the management network. Empty: none."`
	Interval Seconds        `json:"interval_s" default:"60" range:"5..3600" doc:"Time between two batches of metrics."`
	QueueKiB int            `json:"queue_kib" default:"2048" range:"128..65536" doc:"Room for what could not be sent yet, in KiB; the oldest goes first."`
	QueueAge Seconds        `json:"queue_age_s" default:"604800" range:"3600..2592000" doc:"How long it is kept."`
	Flush    Seconds        `json:"flush_s" default:"3600" range:"60..86400" doc:"How often it is written to the flash while a receiver is out of reach."`
	OTLP     Collector      `json:"otlp" doc:"An OpenTelemetry collector, OTLP over HTTP as JSON."`
	HTTPS    Collector      `json:"https" doc:"A server that gets each batch as a JSON document, such as the provisioning server."`
	MQTT     Broker         `json:"mqtt" doc:"An MQTT 5 broker."`
	Syslog   Syslog         `json:"syslog" doc:"A syslog server, RFC 5424: reports, logs and consent."`
	Reports  QualityReports `json:"quality_reports" doc:"A collector of voice quality reports, which the account of the line tells by SIP PUBLISH how each of its calls fared (RFC 6035)."`
	HEP      HEP            `json:"hep" doc:"A HEP3 capture server, which gets SIP messages while the owner permits a trace and one was started."`
}

// Collector is a receiver over HTTP.
type Collector struct {
	URL           string   `json:"url" range:"0..512" doc:"Where to; for OTLP without /v1/metrics. Empty: off."`
	Authorization Secret   `json:"authorization" range:"0..2048" doc:"Value of the Authorization header."`
	Categories    []string `json:"categories" enum:"hardware_model,os_version,firmware,device_configuration,network_configuration,identifiers,ip_address,performance,signal_strength,call_quality,mobile_network,phone_number,location,crash,logs,trace" range:"0..16" doc:"Categories that go there. Empty: all that are permitted."`
	TLS           TLSFiles `json:"tls" doc:"Certificates."`
}

// Broker is a receiver over MQTT.
type Broker struct {
	URL        string   `json:"url" range:"0..255" doc:"mqtt://HOST:PORT, or mqtts://HOST:PORT for TLS. Empty: off."`
	Topic      string   `json:"topic" default:"ata-agent" range:"1..128" doc:"Beginning of the topics; /metrics, /report/NAME, /log or /consent follows."`
	User       string   `json:"user" range:"0..128" doc:"User name."`
	Password   Secret   `json:"password" range:"0..128" doc:"Password."`
	Categories []string `json:"categories" enum:"hardware_model,os_version,firmware,device_configuration,network_configuration,identifiers,ip_address,performance,signal_strength,call_quality,mobile_network,phone_number,location,crash,logs,trace" range:"0..16" doc:"Categories that go there. Empty: all that are permitted."`
	TLS        TLSFiles `json:"tls" doc:"Certificates."`
}

// Syslog is a syslog server.
type Syslog struct {
	URL        string   `json:"url" range:"0..255" doc:"udp://HOST:PORT within the house, or tls://HOST:PORT. Empty: off."`
	Categories []string `json:"categories" enum:"hardware_model,os_version,firmware,device_configuration,network_configuration,identifiers,ip_address,performance,signal_strength,call_quality,mobile_network,phone_number,location,crash,logs,trace" range:"0..16" doc:"Categories that go there. Empty: all that are permitted."`
	TLS        TLSFiles `json:"tls" doc:"Certificates."`
}

// HEP is a capture server.
type HEP struct {
	Server   string `json:"server" range:"0..255" doc:"HOST:PORT, UDP. Empty: off."`
	Agent    int    `json:"agent" default:"2001" range:"1..65535" doc:"Number of this device at the server."`
	Password Secret `json:"password" range:"0..128" doc:"Password that the server wants; it travels as it is."`
}

// QualityReports says who is told by SIP how calls fared, and when.
type QualityReports struct {
	Collector  string   `json:"collector" range:"0..255" doc:"SIP URI of the collector, such as sip:collector@example.net. Empty: off."`
	Interval   Seconds  `json:"interval_s" default:"0" range:"0..3600" doc:"Time between two reports on a call that goes on. 0: at its end alone."`
	Alerts     Alerts   `json:"alerts" doc:"When a call is so bad that it is told while it lasts. Each threshold looks at the last ten seconds."`
	Categories []string `json:"categories" enum:"hardware_model,os_version,firmware,device_configuration,network_configuration,identifiers,ip_address,performance,signal_strength,call_quality,mobile_network,phone_number,location,crash,logs,trace" range:"0..16" doc:"Categories that go there. Empty: all that are permitted."`
}

// Alerts are thresholds; 0 stands for none.
type Alerts struct {
	MOSWarning    float64 `json:"mos_lq_warning" default:"3.6" range:"0..4.5" doc:"Opinion of a listener below which to warn. 0: never."`
	MOSCritical   float64 `json:"mos_lq_critical" default:"2.8" range:"0..4.5" doc:"Below which it is critical. 0: never."`
	RWarning      float64 `json:"r_warning" default:"0" range:"0..93" doc:"Rating R, with delay and echo, below which to warn. 0: never."`
	RCritical     float64 `json:"r_critical" default:"0" range:"0..93" doc:"Below which it is critical. 0: never."`
	LossWarning   float64 `json:"loss_warning_percent" default:"3" range:"0..100" doc:"Packets lost above which to warn. 0: never."`
	LossCritical  float64 `json:"loss_critical_percent" default:"10" range:"0..100" doc:"Above which it is critical. 0: never."`
	LateWarning   float64 `json:"late_warning_percent" default:"3" range:"0..100" doc:"Packets that came too late above which to warn. 0: never."`
	LateCritical  float64 `json:"late_critical_percent" default:"10" range:"0..100" doc:"Above which it is critical. 0: never."`
	DelayWarning  int     `json:"delay_warning_ms" default:"500" range:"0..5000" doc:"Round trip above which to warn, in milliseconds. 0: never."`
	DelayCritical int     `json:"delay_critical_ms" default:"1000" range:"0..5000" doc:"Above which it is critical. 0: never."`
}

// TLSFiles are the certificates of a connection.
type TLSFiles struct {
	CA   string `json:"ca_file" range:"0..255" doc:"File of the authorities that the server's certificate must come from, PEM. Empty: the system's."`
	Cert string `json:"cert_file" range:"0..255" doc:"File of the device's own certificate, PEM. Empty: none."`
	Key  string `json:"key_file" range:"0..255" doc:"File of its key, PEM."`
}

// sipURI is a SIP URI with a user (RFC 3261 §25.1), and perhaps parameters.
var sipURI = regexp.MustCompile(`^sips?:[A-Za-z0-9._!~*'()&=+$,%-]+@(\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9.-]+)(:[0-9]{1,5})?(;[A-Za-z0-9._=;-]+)?$`)

func (d *document) checkTelemetry() {
	t := &d.config.Telemetry
	if t.Listen != "" {
		if _, err := netip.ParseAddrPort(t.Listen); err != nil {
			d.faultAt("/telemetry/listen", strconv.Quote(t.Listen)+" must be an IP address with a port, such as 127.0.0.1:9273")
		}
	}
	d.checkReceiver(t.OTLP.URL, "/telemetry/otlp/url", "http", "https")
	d.checkReceiver(t.HTTPS.URL, "/telemetry/https/url", "https", "http")
	d.checkReceiver(t.MQTT.URL, "/telemetry/mqtt/url", "mqtt", "mqtts")
	d.checkReceiver(t.Syslog.URL, "/telemetry/syslog/url", "udp", "tls")
	if c := t.Reports.Collector; c != "" && !sipURI.MatchString(c) {
		d.faultAt("/telemetry/quality_reports/collector", strconv.Quote(c)+" must be a SIP URI, such as sip:collector@example.net")
	}
	d.checkTLS(t.OTLP.TLS, "/telemetry/otlp/tls")
	d.checkTLS(t.HTTPS.TLS, "/telemetry/https/tls")
	d.checkTLS(t.MQTT.TLS, "/telemetry/mqtt/tls")
	d.checkTLS(t.Syslog.TLS, "/telemetry/syslog/tls")
	if strings.ContainsAny(t.MQTT.Topic, "+#") || strings.HasPrefix(t.MQTT.Topic, "$") {
		d.faultAt("/telemetry/mqtt/topic", strconv.Quote(t.MQTT.Topic)+" must not have + or #, nor begin with $")
	}
	if t.HEP.Server != "" {
		if _, port, err := net.SplitHostPort(t.HEP.Server); err != nil || port == "" {
			d.faultAt("/telemetry/hep/server", strconv.Quote(t.HEP.Server)+" must be host:port")
		}
	}
}

// checkReceiver wants one of some schemes and a host; MQTT and syslog need a port.
func (d *document) checkReceiver(text, path string, schemes ...string) {
	if text == "" {
		return
	}
	u, err := url.Parse(text)
	switch {
	case err != nil || u.Host == "" || u.Scheme != schemes[0] && u.Scheme != schemes[1]:
		d.faultAt(path, "must be "+schemes[0]+"://… or "+schemes[1]+"://…")
	case u.User != nil:
		d.faultAt(path, "must not hold a user or password; they have keys of their own")
	case !strings.HasPrefix(schemes[0], "http") && u.Port() == "":
		d.faultAt(path, "must name a port")
	}
}

func (d *document) checkTLS(f TLSFiles, path string) {
	if (f.Cert == "") != (f.Key == "") {
		d.faultAt(path+"/key_file", "cert_file and key_file go together")
	}
}
