//go:build telemetry

package telemetry

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"io"
	"math/big"
	"net"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/ata-agent/ata-agent/agent"
)

func get(t *testing.T, address string) string {
	t.Helper()
	res, err := http.Get(address)
	if err != nil {
		return err.Error()
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	return string(body)
}

// query asks Prometheus for the one value of an expression.
func query(t *testing.T, server, expression string) string {
	t.Helper()
	var answer struct {
		Data struct {
			Result []struct{ Value [2]any }
		}
	}
	if json.Unmarshal([]byte(get(t, server+"/api/v1/query?query="+url.QueryEscape(expression))), &answer) != nil || len(answer.Data.Result) != 1 {
		return ""
	}
	return answer.Data.Result[0].Value[1].(string)
}

// TestPrometheus scrapes a call, and has promtool judge the page.
func TestPrometheus(t *testing.T) {
	rules, err := filepath.Abs("../../docs/telemetry/alerts.yml")
	if err != nil {
		t.Fatal(err)
	}
	listen := freePort(t)
	a := startATA(t, object{"listen": fmt.Sprintf("127.0.0.1:%d", listen)})
	a.do(t, "privacy", "set", "level", "2")
	run, port := t.TempDir(), freePort(t)
	fill(t, "prometheus.yml", filepath.Join(run, "p.yml"), object{"Port": listen, "Rules": rules})
	start(t, "prometheus", "--config.file="+filepath.Join(run, "p.yml"), "--storage.tsdb.path="+run, fmt.Sprintf("--web.listen-address=127.0.0.1:%d", port))
	server := fmt.Sprintf("http://127.0.0.1:%d", port)
	a.call(t, 3*time.Second)
	for expression, want := range map[string]string{
		`up{job="ata-agent"}`: "1", `ata_line_registered{line="1"}`: "1", `sum(ata_calls_total{result="answered",direction="outgoing"})`: "1",
		`sum(ata_calls_total{result="answered",direction="incoming"})`: "1", `ata_call_mos_lq_count{codec="PCMU"}`: "2", `sum(ata_rtp_lost_packets_total)`: "0",
		`ata_consent_level`: "2", `ata_calls_active{line="1"}`: "0", `ata_line_registration_attempts_total{line="1",code="2xx"}`: "1",
		`ata_line_registration_rtt_seconds_count`: "2", `ata_call_setup_seconds_count`: "1",
	} {
		eventually(t, 20*time.Second, expression+" is "+want, func() bool { return query(t, server, expression) == want })
	}
	var calls []agent.PastCall
	if err := json.Unmarshal([]byte(a.do(t, "calls", "-json")), &calls); err != nil || len(calls) != 2 {
		t.Fatalf("calls: %v", err)
	}
	sent := strconv.FormatUint(calls[0].Voice.Sent+calls[1].Voice.Sent, 10)
	if got := query(t, server, `sum(ata_rtp_packets_total{direction="sent"})`); got != sent {
		t.Errorf("Prometheus has %s packets sent, the agent %s", got, sent)
	}
	page := get(t, fmt.Sprintf("http://127.0.0.1:%d/metrics", listen))
	check := exec.Command("promtool", "check", "metrics")
	check.Stdin = strings.NewReader(page)
	if out, err := check.CombinedOutput(); err != nil || len(out) > 0 {
		t.Errorf("promtool: %v: %s", err, out)
	}
	if n := len(regexp.MustCompile(`(?m)^[a-z]`).FindAllString(page, -1)); n < 60 || n > 200 {
		t.Errorf("%d series", n)
	}
}

func TestAlertRules(t *testing.T) {
	for _, args := range [][]string{{"check", "rules", "../../docs/telemetry/alerts.yml"}, {"test", "rules", "../../docs/telemetry/alerts_test.yml"}} {
		if out, err := exec.Command("promtool", args...).CombinedOutput(); err != nil {
			t.Errorf("promtool %v: %v\n%s", args, err, out)
		}
	}
}

// startBroker starts Mosquitto, which lets in ata with the password mqttSecret99.
func startBroker(t *testing.T, port int) {
	t.Helper()
	run := t.TempDir()
	if out, err := exec.Command("mosquitto_passwd", "-b", "-c", filepath.Join(run, "passwords"), "ata", "mqttSecret99").CombinedOutput(); err != nil {
		t.Fatalf("mosquitto_passwd: %v: %s", err, out)
	}
	if os.Geteuid() == 0 { // mosquitto gives up root and must still read them
		for _, path := range []string{filepath.Dir(run), run, filepath.Join(run, "passwords")} {
			if err := os.Chmod(path, 0o755); err != nil {
				t.Fatal(err)
			}
		}
	}
	fill(t, "mosquitto.conf", filepath.Join(run, "m.conf"), object{"Port": port, "Run": run})
	start(t, "mosquitto", "-c", filepath.Join(run, "m.conf"))
	eventually(t, 10*time.Second, "the broker is there", func() bool {
		conn, err := net.Dial("tcp", fmt.Sprintf("127.0.0.1:%d", port))
		if err == nil {
			conn.Close()
		}
		return err == nil
	})
}

func TestMosquitto(t *testing.T) {
	port := freePort(t)
	startBroker(t, port)
	out, _ := start(t, "mosquitto_sub", "-V", "mqttv5", "-h", "127.0.0.1", "-p", strconv.Itoa(port), "-u", "ata", "-P", "mqttSecret99", "-q", "1", "-t", "house/#", "-F", "%t %q %C %P %p")
	a := startATA(t, object{"interval_s": 5, "mqtt": object{"url": fmt.Sprintf("mqtt://127.0.0.1:%d", port), "user": "ata", "password": "mqttSecret99", "topic": "house/7"}})
	a.do(t, "privacy", "set", "level", "2")
	a.call(t, 2*time.Second)
	for _, want := range []string{"house/7/consent 1 application/json batch:consent-1-", "house/7/metrics 1 application/json batch:", "house/7/report/call 1 ", `"name":"call.codec","text":"PCMU"`, `{"name":"ata_line_registered","labels":{"line":"2"},"value":1}`} {
		eventually(t, 20*time.Second, want, func() bool { return strings.Contains(out.String(), want) })
	}
	noSecrets(t, out.String())
}

// certificate writes a key and a certificate for 127.0.0.1 that is its own
// authority.
func certificate(t *testing.T, dir string) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	tmpl := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "localhost"}, DNSNames: []string{"localhost"}, NotBefore: time.Now().Add(-time.Hour),
		NotAfter: time.Now().Add(time.Hour), IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign | x509.KeyUsageDigitalSignature,
	}
	der, err := x509.CreateCertificate(rand.Reader, tmpl, tmpl, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	pkcs, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	cert := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})
	write(t, filepath.Join(dir, "ca.pem"), cert)
	write(t, filepath.Join(dir, "cert.pem"), cert)
	write(t, filepath.Join(dir, "key.pem"), pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: pkcs}))
}

func TestRsyslogOverTLS(t *testing.T) {
	run, port := t.TempDir(), freePort(t)
	certificate(t, run)
	fill(t, "rsyslog.conf", filepath.Join(run, "r.conf"), object{"Port": port, "Run": run})
	start(t, "rsyslogd", "-n", "-f", filepath.Join(run, "r.conf"), "-i", filepath.Join(run, "pid"))
	a := startATA(t, object{"syslog": object{"url": fmt.Sprintf("tls://localhost:%d", port), "tls": object{"ca_file": filepath.Join(run, "ca.pem")}}})
	a.do(t, "privacy", "set", "level", "3")
	a.call(t, 2*time.Second)
	read := func() string {
		data, _ := os.ReadFile(filepath.Join(run, "out.log")) // it comes with the first message
		return string(data)
	}
	for _, want := range []string{`id=consent data=[ata@32473 batch="consent-1-`, `id=call data=[ata@32473 batch="`, `call.codec="PCMU"`, "id=log data=[ata@32473"} {
		eventually(t, 20*time.Second, want, func() bool { return strings.Contains(read(), want) })
	}
	if !regexp.MustCompile(`pri=134 host=[0-9a-f]{32} app=ata-agent id=call `).MatchString(read()) {
		t.Errorf("rsyslog understood\n%s", read())
	}
	noSecrets(t, read())
}

// TestKamailioDecodesHEP has Kamailio decode the packets themselves, and then the
// SIP messages in them; its hook for the first keeps it from the second.
func TestKamailioDecodesHEP(t *testing.T) {
	t.Run("packets", func(t *testing.T) { traceCall(t, true, "HEP version=3 type=1 agent=2077 from=127.0.0.1:") })
	t.Run("messages", func(t *testing.T) {
		traceCall(t, false, "SIP INVITE callid=", "SIP BYE callid=", "SIP reply 200 callid=")
	})
}

// traceCall copies a call to Kamailio and expects what it says.
func traceCall(t *testing.T, hook bool, says ...string) {
	run, port := t.TempDir(), freePort(t)
	fill(t, "kamailio.cfg", filepath.Join(run, "k.cfg"), object{"Port": port, "Run": run, "Hook": hook})
	out, _ := start(t, "kamailio", "-f", filepath.Join(run, "k.cfg"), "-DD", "-E", "-Y", run, "-P", filepath.Join(run, "pid"), "-w", run, "-m", "32", "-M", "4")
	a := startATA(t, object{"hep": object{"server": fmt.Sprintf("127.0.0.1:%d", port), "agent": 2077}})
	a.do(t, "privacy", "set", "level", "4")
	a.do(t, "trace", "start", "-for", "1m")
	a.call(t, time.Second)
	for _, want := range says {
		eventually(t, 10*time.Second, want, func() bool { return strings.Contains(out.String(), want) })
	}
	noSecrets(t, out.String())
	a.do(t, "trace", "stop")
	a.call(t, time.Second)
	time.Sleep(time.Second)
	before := len(out.String())
	a.call(t, time.Second)
	if more := out.String()[before:]; strings.Contains(more, "callid=") {
		t.Errorf("after the trace was stopped came\n%s", more)
	}
}

// noSecrets looks for what nobody may see.
func noSecrets(t *testing.T, text string) {
	t.Helper()
	for _, secret := range []string{callerNumber, calledNumber, callerName, sipPassword, "mqttSecret99"} {
		if i := strings.Index(text, secret); i >= 0 {
			t.Errorf("%q is there: …%s…", secret, text[max(0, i-150):min(len(text), i+150)])
		}
	}
}
