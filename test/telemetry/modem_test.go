//go:build telemetry

package telemetry

import (
	"fmt"
	"math"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/godbus/dbus/v5"
)

const (
	modemManager = "org.freedesktop.ModemManager1"
	modemPath    = "/org/freedesktop/ModemManager1/Modem/0"
	mockery      = "org.freedesktop.DBus.Mock"
)

// What no receiver may see of a modem.
var modemSecrets = []string{"490154203237518", "310150123456789", "8988303000001234567", "0123ABCD"}

// startBus starts a message bus of its own and dbusmock on it as ModemManager.
func startBus(t *testing.T) (address string, conn *dbus.Conn) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "bus")
	address = "unix:path=" + path
	start(t, "dbus-daemon", "--session", "--nofork", "--nopidfile", "--address="+address)
	eventually(t, 20*time.Second, "the bus is there", func() bool {
		c, err := net.Dial("unix", path)
		if err == nil {
			c.Close()
		}
		return err == nil
	})
	t.Setenv("DBUS_SESSION_BUS_ADDRESS", address)
	start(t, "/usr/bin/python3", "-m", "dbusmock", "--session", "--is-object-manager", modemManager, "/org/freedesktop/ModemManager1", modemManager)
	conn, err := dbus.Connect(address)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	eventually(t, 30*time.Second, "ModemManager is there", func() bool {
		var owned bool
		err := conn.BusObject().Call("org.freedesktop.DBus.NameHasOwner", 0, modemManager).Store(&owned)
		return err == nil && owned
	})
	return address, conn
}

type properties = map[string]dbus.Variant

// addModem adds a modem with everything that ModemManager knows of one.
func addModem(t *testing.T, conn *dbus.Conn) {
	t.Helper()
	v := dbus.MakeVariant
	type method struct{ Name, In, Out, Code string }
	mock := func(path dbus.ObjectPath, call string, args ...any) {
		t.Helper()
		if err := conn.Object(modemManager, path).Call(mockery+"."+call, 0, args...).Err; err != nil {
			t.Fatalf("%s: %v", call, err)
		}
	}
	mock("/org/freedesktop/ModemManager1", "AddObject", modemPath, modemManager+".Modem", properties{
		"State": v(int32(11)), "AccessTechnologies": v(uint32(1<<14 | 1<<15)), "EquipmentIdentifier": v(modemSecrets[0]), "OwnNumbers": v([]string{callerNumber}),
	}, []method{})
	mock(modemPath, "AddProperties", modemManager+".Modem.Modem3gpp", properties{"OperatorName": v("Ruritania Mobile"), "Imei": v(modemSecrets[0]), "OperatorCode": v("31015")})
	mock(modemPath, "AddProperties", modemManager+".Sim", properties{"Imsi": v(modemSecrets[1]), "SimIdentifier": v(modemSecrets[2])})
	mock(modemPath, "AddProperties", modemManager+".Modem.Location", properties{"Location": v(map[uint32]dbus.Variant{1: v("310,150,FFFE," + modemSecrets[3])})})
	mock(modemPath, "AddProperties", modemManager+".Modem.Signal", properties{
		"Rate": v(uint32(0)),
		"Lte":  v(properties{"rssi": v(-61.0), "rsrp": v(-92.5), "rsrq": v(-11.0), "snr": v(7.4)}),
		"Nr5g": v(properties{"rsrp": v(-101.0), "rsrq": v(math.NaN())}),
	})
	mock(modemPath, "AddMethod", modemManager+".Modem.Signal", "Setup", "u", "", "")
}

// TestModem has the agent ask ModemManager, for an owner who permits its figures and
// then its operator too; then it answers wrongly and goes away.
func TestModem(t *testing.T) {
	address, conn := startBus(t)
	addModem(t, conn)
	t.Setenv("DBUS_SYSTEM_BUS_ADDRESS", address)
	listen := freePort(t)
	a := startATA(t, object{"listen": fmt.Sprintf("127.0.0.1:%d", listen)})
	scrape := func() string { return get(t, fmt.Sprintf("http://127.0.0.1:%d/metrics", listen)) }
	if page := scrape(); strings.Contains(page, "ata_modem_") {
		t.Error("the modem is told before the owner decides")
	}
	a.do(t, "privacy", "set", "level", "2")
	for _, want := range []string{
		`ata_modem_signal_dbm{kind="rssi",technology="lte"} -61`, `ata_modem_signal_dbm{kind="rsrp",technology="lte"} -92.5`,
		`ata_modem_signal_dbm{kind="sinr",technology="lte"} 7.4`, `ata_modem_signal_dbm{kind="rsrp",technology="5gnr"} -101`,
		`ata_modem_access_technology_info{technology="5gnr"} 1`, `ata_modem_state_info{state="connected"} 1`,
	} {
		eventually(t, 45*time.Second, want, func() bool { return strings.Contains(scrape(), want+"\n") })
	}
	page := scrape()
	if strings.Contains(page, "NaN") || strings.Contains(page, "Ruritania") {
		t.Errorf("more is told than is permitted:\n%s", page)
	}
	var calls [][]any
	if err := conn.Object(modemManager, modemPath).Call(mockery+".GetMethodCalls", 0, "Setup").Store(&calls); err != nil || len(calls) == 0 {
		t.Errorf("the modem was not asked to measure: %v, %v", calls, err)
	}
	a.do(t, "privacy", "set", "level", "3")
	if page = scrape(); !strings.Contains(page, `ata_modem_operator_info{operator="Ruritania Mobile"} 1`) {
		t.Error("the operator is not told at level 3")
	}
	for _, secret := range modemSecrets {
		if strings.Contains(page+a.log.String(), secret) {
			t.Errorf("%s is told", secret)
		}
	}
	wrong := properties{"State": dbus.MakeVariant("connected"), "AccessTechnologies": dbus.MakeVariant([]byte(strings.Repeat("x", 1<<20)))}
	if err := conn.Object(modemManager, modemPath).Call(mockery+".UpdateProperties", 0, modemManager+".Modem", wrong).Err; err != nil {
		t.Fatal(err)
	}
	eventually(t, 45*time.Second, "wrong answers are counted", func() bool {
		page := scrape()
		return !strings.Contains(page, "ata_modem_") && strings.Contains(page, "ata_telemetry_collector_errors_total ") && !strings.Contains(page, "ata_telemetry_collector_errors_total 0\n")
	})
	noSecrets(t, page)
	if _, err := os.Stat(filepath.Join(a.state, "control.sock")); err != nil {
		t.Errorf("the agent is gone: %v", err)
	}
}
