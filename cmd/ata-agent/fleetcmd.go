package main

import (
	"bufio"
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"net"
	"net/netip"
	"os"
	"slices"
	"text/tabwriter"
	"time"

	boardfile "github.com/ata-agent/ata-agent/board"
	"github.com/ata-agent/ata-agent/config"
	"github.com/ata-agent/ata-agent/fleet"
	"github.com/ata-agent/ata-agent/provision"
)

// fleetArgs are what is said on the command line.
type fleetArgs struct {
	count                int
	file, first, network string
	over, patience       time.Duration
	asJSON, verbose      bool
	phases               []string
}

// runFleet has many agents at once work on real servers.
func runFleet(ctx context.Context, env *environment, args []string) error {
	a, err := parseFleet(env, args)
	if err != nil {
		return err
	}
	f, err := newFleet(env, a)
	if err != nil {
		return err
	}
	var phases []*fleet.Phase
	err = f.Run(ctx, func(ctx context.Context) error {
		phases, err = driveFleet(ctx, env, f, a.phases)
		return err
	})
	if a.asJSON {
		err = errors.Join(err, printJSON(env.stdout, phases))
	} else {
		err = errors.Join(err, printPhases(env.stdout, phases))
	}
	return errors.Join(err, offboard(phases))
}

// fleetPhases are what a fleet goes through after it is installed.
var fleetPhases = []string{"cut", "push"}

func parseFleet(env *environment, args []string) (*fleetArgs, error) {
	a := &fleetArgs{}
	f := newFlags(env, "fleet", "run many agents without telephones against real servers: they are installed, then go through the phases named\n"+
		"  cut   the power fails and comes back for all at once\n"+
		"  push  waits for a line on standard input, then all look at the server")
	f.IntVar(&a.count, "n", 100, "agents")
	f.StringVar(&a.file, "config", defaultConfig, "what each agent comes with from the factory; {mac} in it becomes its address")
	f.StringVar(&a.first, "first", "00:00:5e:00:53:00", "MAC address of the first agent; the others follow it")
	f.StringVar(&a.network, "addresses", "", "each agent sends from an address of its own of this network, as 127.1.0.0/16; this computer must have them")
	f.DurationVar(&a.over, "over", time.Minute, "time within which installation and pushes reach the agents")
	f.DurationVar(&a.patience, "patience", 15*time.Minute, "longest time of a phase")
	f.BoolVar(&a.verbose, "v", false, "log what the agents do")
	f.BoolVar(&a.asJSON, "json", false, "print JSON, with what each second brought")
	if err := f.parse(args); err != nil {
		return nil, err
	}
	a.phases = f.Args()
	for _, name := range a.phases {
		if !slices.Contains(fleetPhases, name) {
			return nil, &usageError{fmt.Sprintf("no phase %q", name)}
		}
	}
	return a, nil
}

func newFleet(env *environment, a *fleetArgs) (*fleet.Fleet, error) {
	data, err := os.ReadFile(a.file)
	if err != nil {
		return nil, err
	}
	opts := fleet.Opts{
		Count: a.count, Config: data, Source: a.file, Over: a.over, Patience: a.patience,
		Dial: dialFleet, Expand: expandFleet,
	}
	if a.verbose {
		opts.Logger = newLogger(env.stderr, slog.LevelInfo)
	}
	if opts.First, err = parseMAC(a.first); err != nil {
		return nil, &usageError{"-first: " + err.Error()}
	}
	if a.network != "" {
		if opts.Addresses, err = netip.ParsePrefix(a.network); err != nil {
			return nil, &usageError{"-addresses: " + err.Error()}
		}
	}
	return fleet.New(opts)
}

func parseMAC(s string) (n uint64, err error) {
	mac, err := net.ParseMAC(s)
	if err == nil && len(mac) != 6 {
		err = errors.New("six bytes make a MAC address")
	}
	for _, b := range mac {
		n = n<<8 | uint64(b)
	}
	return n, err
}

// dialerOf is the dialer of one agent of a fleet.
func dialerOf(id provision.Identity, from netip.Addr) *dialer {
	mac, _ := hex.DecodeString(id.MAC) // of our own making
	return &dialer{identity: boardfile.Identity{MAC: mac, Model: "fleet"}, from: from}
}

func dialFleet(id provision.Identity, from netip.Addr, p *config.Provision) (provision.Client, error) {
	return dialerOf(id, from).dial(p)
}

func expandFleet(id provision.Identity, p *config.Provision, url string) string {
	return dialerOf(id, netip.Addr{}).expand(p, url)
}

// driveFleet leads a fleet through its phases; what came of those before an error
// is returned with it.
func driveFleet(ctx context.Context, env *environment, f *fleet.Fleet, names []string) ([]*fleet.Phase, error) {
	p, err := f.Install(ctx)
	if err != nil {
		return nil, err
	}
	done := []*fleet.Phase{p}
	lines := bufio.NewReader(env.stdin)
	for _, name := range names {
		if name == "push" {
			fmt.Fprintln(env.stderr, "publish what is to be pushed, then press Enter")
			if _, err := lines.ReadString('\n'); err != nil {
				return done, fmt.Errorf("push: standard input: %w", err)
			}
			p, err = f.Push(ctx)
		} else {
			p, err = f.PowerCut(ctx)
		}
		if err != nil {
			return done, err
		}
		done = append(done, p)
	}
	return done, nil
}

// offboard is the error of a fleet that did not come through.
func offboard(phases []*fleet.Phase) error {
	for _, p := range phases {
		if !p.Onboard() {
			return fmt.Errorf("%s: %d of %d agents have settled, %d are without service and nothing says why", p.Name, p.Settled, p.Agents, p.Unserved)
		}
	}
	return nil
}

func printPhases(w io.Writer, phases []*fleet.Phase) error {
	t := tabwriter.NewWriter(w, 0, 4, 2, ' ', 0)
	fmt.Fprintln(t, "PHASE\tTIME\tREQUESTS\tMEAN/s\tPEAK/s\tREGISTER\tMEAN/s\tPEAK/s\tREGISTERED\tAPPLIED\tREFUSED\tROLLED BACK\tALARMED\tUNSERVED")
	for _, p := range phases {
		a, r := p.Provisioning, p.Registration
		fmt.Fprintf(t, "%s\t%.0f s\t%d\t%.1f\t%d\t%d\t%.1f\t%d\t%d of %d\t%d\t%d\t%d\t%d\t%d\n", p.Name, p.Took, a.Total, a.Mean, a.Peak, r.Total, r.Mean, r.Peak,
			p.Registered, p.Agents, p.Applied, p.Refused, p.RolledBack, p.Alarmed, p.Unserved)
	}
	for _, p := range phases {
		for _, reason := range slices.Sorted(maps.Keys(p.Reasons)) {
			fmt.Fprintf(t, "%s\t%d × %s\n", p.Name, p.Reasons[reason], reason)
		}
	}
	if len(phases) > 0 {
		last := phases[len(phases)-1]
		fmt.Fprintf(t, "memory\t%d KiB for each agent\n", last.Memory/1024/int64(last.Agents))
	}
	return t.Flush()
}
