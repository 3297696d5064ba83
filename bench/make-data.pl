# The benchmark's data: large files of three kinds and a tree of small ones. The same bytes every time (Perl's own seeded generator).
#
#   perl make-data.pl DIRECTORY SCALE
#
#   large/   3 GB × SCALE: a third text-like (logs, rows; compresses about 3:1), a third binary records (about 1.5:1), a third noise
#   small/   40,000 × SCALE files of 0.2 to 30 KB, log-uniform, in a tree like a project's: mostly text, some JSON, some images
#
# Nothing repeats over more than a line or two: deduplication must find nothing, or the numbers would flatter everybody.
use strict;
use warnings;

my ($root, $scale) = @ARGV;
die "usage: make-data.pl DIRECTORY SCALE\n" unless defined $scale && $scale =~ /^[0-9.]+$/ && $scale > 0;
srand 20261124;

my @words = map { join '', map { chr(97 + int rand 26) } 1 .. 2 + int rand 8 } 1 .. 3000;
my @phrases = map { join ' ', map { $words[int rand @words] } 1 .. 3 + int rand 5 } 1 .. 8192;
my $noise_bytes = 4 << 20;
my $noise = join '', map { pack 'L', int rand 4294967296 } 1 .. $noise_bytes / 4;
$noise .= $noise;

# Slices of the noise, each under its own 64-byte mask: as good as random for every compressor and every chunker.
sub noise {
    my $length = shift;
    my $mask = join '', map { pack 'L', int rand 4294967296 } 1 .. 16;
    $mask x= 1 + $length / 64;
    return substr($noise, int rand $noise_bytes, $length) ^ substr($mask, 0, $length);
}

sub text {
    my $length = shift;
    my $text = '';
    while (length $text < $length) {
        $text .= sprintf "2026-11-%02d %05d [%08x] %s: %s, %s (%d)\n", 1 + rand 28, rand 86400, rand 4294967296, $words[rand 40],
            $phrases[rand @phrases], $phrases[rand @phrases], rand 1000000;
    }
    return substr $text, 0, $length;
}

sub records {
    my $length = shift;
    my $raw = noise(int($length * 5 / 8) + 5);
    return substr pack('(a5 x3)*', unpack '(a5)*', $raw), 0, $length;
}

sub json {
    my $length = shift;
    my $text = '{"items":[';
    $text .= sprintf '{"id":%d,"name":"%s","score":%.3f,"tags":["%s","%s"]},', rand 1e7, $phrases[rand @phrases], rand 100, $words[rand @words], $words[rand @words]
        while length $text < $length;
    return substr $text, 0, $length;
}

sub write_file {
    my ($path, $length, $make) = @_;
    open my $file, '>:raw', $path or die "cannot write $path: $!\n";
    while ($length > 0) {
        my $take = $length < 1 << 20 ? $length : 1 << 20;
        print {$file} $make->($take) or die "cannot write $path: $!\n";
        $length -= $take;
    }
    close $file or die "cannot write $path: $!\n";
}

mkdir "$root/large";
my %kinds = (text => \&text, records => \&records, noise => \&noise);
for my $kind (sort keys %kinds) {
    write_file(sprintf('%s/large/%s-%d.bin', $root, $kind, $_), int(125_000_000 * $scale), $kinds{$kind}) for 1 .. 8;
}

mkdir "$root/small";
my @folders = ("$root/small");
for (1 .. 1 + 1600 * $scale) {
    my $folder = $folders[rand @folders] . '/' . $words[rand @words] . "-$_";
    mkdir $folder or die "cannot make $folder: $!\n";
    push @folders, $folder;
}
for my $number (1 .. int(40_000 * $scale)) {
    my $length = int(200 * exp(rand log 150));
    my ($make, $ending) = (\&text, 'txt');
    my $dice = rand 100;
    if ($dice < 15) { ($make, $ending) = (\&json, 'json') } elsif ($dice < 30) { ($make, $ending) = (\&noise, 'png') }
    write_file(sprintf('%s/%s-%d.%s', $folders[rand @folders], $words[rand @words], $number, $ending), $length, $make);
}
