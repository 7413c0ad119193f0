package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"strconv"
	"text/tabwriter"

	"github.com/ata-agent/ata-agent/slic"
)

func runLineTest(ctx context.Context, env *environment, args []string) error {
	f := newFlags(env, "linetest", "test the wires of line N: the five tests of TR-104, as far as its hardware can tell")
	state := f.stateFlag()
	asJSON := f.Bool("json", false, "print JSON")
	if err := f.parse(args); err != nil {
		return err
	}
	n, err := strconv.Atoi(f.Arg(0))
	if f.NArg() != 1 || err != nil || n < 1 {
		return &usageError{"say the number of one line"}
	}
	body, err := newControlClient(*state).do(ctx, "POST", fmt.Sprintf("/v1/linetest/%d", n), nil)
	if err != nil {
		return err
	}
	defer body.Close()
	var r slic.TestReport
	if err := json.NewDecoder(body).Decode(&r); err != nil {
		return err
	}
	if *asJSON {
		err = printJSON(env.stdout, r)
	} else {
		err = printLineTest(env.stdout, r)
	}
	if err == nil && r.Failed() {
		err = fmt.Errorf("line %d has a fault", n)
	}
	return err
}

func printLineTest(w io.Writer, r slic.TestReport) error {
	t := tabwriter.NewWriter(w, 0, 4, 2, ' ', 0)
	for _, res := range r.Results {
		fmt.Fprintf(t, "%s\t%s\t%s\n", res.Test, res.Verdict, res.Text)
	}
	return t.Flush()
}
