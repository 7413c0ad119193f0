package modem

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"net"
	"slices"
	"strings"
	"syscall"
	"time"

	"github.com/godbus/dbus/v5"
)

// SystemBus is where the system's message bus listens unless
// DBUS_SYSTEM_BUS_ADDRESS says otherwise (D-Bus specification).
const SystemBus = "unix:path=/run/dbus/system_bus_socket"

const (
	service = "org.freedesktop.ModemManager1"
	root    = "/org/freedesktop/ModemManager1"
)

// answerLimit bounds what is read of the bus in one look, in bytes: what
// ModemManager says of a modem is about 6 KiB.
const answerLimit = 256 << 10

// signalPeriod is how often ModemManager is asked to measure, where nobody has
// asked for anything yet: without that it does not measure at all.
const signalPeriod uint32 = 30 // seconds

// Read asks ModemManager on the bus at an address for the modem that calls go by.
// ok is false where there is no bus, no ModemManager or no modem, which is no
// error. An error may come with what could be read in spite of it. It ends with
// ctx at the latest, and ctx must end.
func Read(ctx context.Context, address string) (m Modem, ok bool, err error) {
	conn, err := dial(ctx, address)
	if err != nil {
		return Modem{}, false, there(err)
	}
	defer func() { _ = conn.Close() }()
	if err := conn.Auth(nil); err != nil {
		return Modem{}, false, fmt.Errorf("modem: message bus: %w", err)
	}
	if err := conn.Hello(); err != nil {
		return Modem{}, false, fmt.Errorf("modem: message bus: %w", err)
	}
	all, err := managed(ctx, conn)
	if err != nil {
		return Modem{}, false, there(err)
	}
	m, ok, err = all.best()
	if err != nil {
		err = fmt.Errorf("modem: ModemManager: %w", err)
	}
	return m, ok, errors.Join(err, measure(ctx, conn, all))
}

// there is nil for an error that says that nobody is there.
func there(err error) error {
	var e dbus.Error
	switch {
	case errors.Is(err, fs.ErrNotExist), errors.Is(err, syscall.ECONNREFUSED):
		return nil
	case errors.As(err, &e) && (e.Name == "org.freedesktop.DBus.Error.ServiceUnknown" || e.Name == "org.freedesktop.DBus.Error.NameHasNoOwner"):
		return nil
	}
	return fmt.Errorf("modem: message bus: %w", err)
}

// dial connects to a bus on a Unix socket.
func dial(ctx context.Context, address string) (*dbus.Conn, error) {
	path, ok := strings.CutPrefix(address, "unix:path=")
	if !ok {
		return nil, fmt.Errorf("the address %.64q is not a path", address)
	}
	path, _, _ = strings.Cut(path, ",")
	socket, err := new(net.Dialer).DialContext(ctx, "unix", path)
	if err != nil {
		return nil, err
	}
	end, ok := ctx.Deadline()
	if !ok {
		end = time.Now().Add(time.Minute)
	}
	if err := socket.SetDeadline(end); err != nil {
		return nil, errors.Join(err, socket.Close())
	}
	return dbus.NewConn(&bounded{socket, answerLimit}, dbus.WithContext(ctx))
}

// bounded is a connection that ends when more than some bytes came from it.
type bounded struct {
	net.Conn
	left int
}

var errTooMuch = errors.New("too long an answer")

// Read implements io.Reader.
func (b *bounded) Read(p []byte) (int, error) {
	if b.left == 0 {
		return 0, errTooMuch
	}
	n, err := b.Conn.Read(p[:min(len(p), b.left)])
	b.left -= n
	return n, err
}

// managed asks for everything that ModemManager has, without having it started.
func managed(ctx context.Context, conn *dbus.Conn) (o objects, err error) {
	call := conn.Object(service, root).CallWithContext(ctx, "org.freedesktop.DBus.ObjectManager.GetManagedObjects", dbus.FlagNoAutoStart)
	if call.Err != nil {
		return nil, call.Err
	}
	return answered(call.Body)
}

// answered takes the body of an answer. Objects whose interfaces have another
// shape than that of properties are no answer.
func answered(body []any) (objects, error) {
	if len(body) != 1 {
		return nil, fmt.Errorf("an answer of %d values", len(body))
	}
	raw, ok := body[0].(map[dbus.ObjectPath]map[string]map[string]dbus.Variant)
	if !ok {
		return nil, fmt.Errorf("an answer of type %T", body[0])
	}
	o := make(objects, len(raw))
	for path, interfaces := range raw {
		o[path] = make(map[string]properties, len(interfaces))
		for name, p := range interfaces {
			o[path][name] = p
		}
	}
	return o, nil
}

// measure has ModemManager measure the signal of modems that nobody asked it to.
// It may refuse: then there is no signal to tell.
func measure(ctx context.Context, conn *dbus.Conn, all objects) error {
	for _, path := range slices.Sorted(maps.Keys(all))[:min(len(all), modemLimit)] {
		rate, ok, _ := property[uint32](all[path][signalInterface], "Rate") // a wrong type was told
		if !ok || rate != 0 {
			continue
		}
		call := conn.Object(service, path).CallWithContext(ctx, signalInterface+".Setup", dbus.FlagNoAutoStart, signalPeriod)
		var refused dbus.Error
		if call.Err != nil && !errors.As(call.Err, &refused) {
			return fmt.Errorf("modem: ModemManager: %w", call.Err)
		}
	}
	return nil
}
