package media

import (
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// TestVoiceDocument holds the steps that docs/voice.md names against the calls of
// the functions that take them, and against the stages of which BenchmarkStage measures
// the cost, in both directions.
func TestVoiceDocument(t *testing.T) {
	text, err := os.ReadFile("../docs/voice.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, d := range []struct {
		heading string
		through []string // functions, in the order of the path
	}{
		{"From the telephone to the network", []string{"take", "Frame", "speak"}},
		{"From the network to the telephone", []string{"hear", "deliver"}},
	} {
		said, done := stepsSaid(string(text), "## "+d.heading), stepsDone(t, d.through)
		if !slices.Equal(said, done) {
			t.Errorf("%s\nthe document has %v\nthe code has     %v", d.heading, said, done)
		}
		if measured := stepsMeasured(d.heading); !slices.Equal(said, measured) {
			t.Errorf("%s\nthe document has %v\nmeasured are     %v", d.heading, said, measured)
		}
	}
}

var stepCell = regexp.MustCompile("(?m)^\\| `(\\w+)`")

// stepsSaid are the steps in the table below a heading.
func stepsSaid(text, heading string) (steps []string) {
	_, part, _ := strings.Cut(text, heading)
	part, _, _ = strings.Cut(part, "\n## ")
	for _, m := range stepCell.FindAllStringSubmatch(part, -1) {
		steps = append(steps, m[1])
	}
	return steps
}

// stepsMeasured are the steps of the stages in a direction; one that is measured in
// several ways counts once.
func stepsMeasured(direction string) (steps []string) {
	for _, s := range stages[direction] {
		step, how, _ := strings.Cut(s.name, " ")
		if !strings.HasPrefix(how, "with") {
			steps = append(steps, step)
		}
	}
	return steps
}

// isStep are the methods that change or measure the voice; the others in these
// functions ask or count.
var isStep = map[string]bool{
	"clean": true, "watch": true, "cancel": true, "Process": true, "listenNear": true, "listen": true, "hush": true,
	"keyByOrder": true, "send": true, "receive": true, "listenFar": true, "watchFar": true, "Read": true, "playKey": true, "Mix": true, "remember": true,
}

// stepsDone are the steps that the functions take, in order; one that is taken in
// the same way under either condition counts once.
func stepsDone(t *testing.T, functions []string) (steps []string) {
	t.Helper()
	bodies := voiceMethods(t)
	for _, name := range functions {
		body, ok := bodies[name]
		if !ok {
			t.Fatalf("there is no Voice.%s", name)
		}
		var own []string
		ast.Inspect(body, func(n ast.Node) bool {
			if branch, ok := n.(*ast.IfStmt); ok && returns(branch.Body) {
				return false // the way of voice-band data
			}
			call, ok := n.(*ast.CallExpr)
			if !ok {
				return true
			}
			if sel, ok := call.Fun.(*ast.SelectorExpr); ok && isStep[sel.Sel.Name] {
				own = append(own, sel.Sel.Name)
			}
			return true
		})
		steps = append(steps, own...)
	}
	return steps
}

// returns says whether a block ends the function.
func returns(b *ast.BlockStmt) bool {
	_, ok := b.List[len(b.List)-1].(*ast.ReturnStmt)
	return ok
}

// voiceMethods are the bodies of the methods of Voice by name.
func voiceMethods(t *testing.T) map[string]*ast.BlockStmt {
	t.Helper()
	bodies := map[string]*ast.BlockStmt{}
	files := token.NewFileSet()
	for _, name := range []string{"voice.go", "processing.go", "keys.go"} {
		f, err := parser.ParseFile(files, name, nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		for _, d := range f.Decls {
			if m, ok := d.(*ast.FuncDecl); ok && m.Recv != nil {
				bodies[m.Name.Name] = m.Body
			}
		}
	}
	return bodies
}
