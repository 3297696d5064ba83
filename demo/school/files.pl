# The school's files: photos, homework, scans, exports, films, and the oddities that a restore must not lose.
#
#   perl files.pl APPLICATION_DIRECTORY          creates them all
#   perl files.pl APPLICATION_DIRECTORY DAY      one day's new, changed, renamed and deleted files
#
# Every byte is arithmetic (a seeded generator, no clock), so two runs make the same contents. Photos and films do not compress,
# homework and exports do. Modification times are spread over the school year; shell code adds what Perl alone can't (xattrs, ns times).
use strict;
use warnings;

my ($root, $day) = @ARGV;
die "usage: files.pl APPLICATION_DIRECTORY [DAY]\n" unless defined $root;
chdir $root or die "cannot enter $root: $!\n";

my $state = 20260901 + ($day // 0) * 7919;
sub number { my $below = shift; $state = ($state * 1103515245 + 12345) & 0x7fffffff; return ($state >> 8) % $below; }

# One megabyte of noise, made once; a file takes a slice of it under its own mask, so that no two files share a block.
my $noise = join '', map { pack 'N', (number(1 << 16) << 16) | number(1 << 16) } 1 .. 262144;
sub noise {
    my $length = shift;
    my $mask = pack 'N4', map { number(1 << 23) } 1 .. 4;
    my $bytes = '';
    while (length $bytes < $length) {
        my $take = $length - length $bytes;
        $take = 1 << 20 if $take > 1 << 20;
        my $start = number((1 << 20) - 1);
        my $slice = substr($noise . $noise, $start, $take);
        $bytes .= $slice ^ substr($mask x (1 + length($slice) / 16), 0, length $slice);
        $mask = reverse $mask;
    }
    return $bytes;
}

my @words = qw(the student explains why water boils at a lower temperature on mountains school essay chapter answer question
    measured result table figure therefore because history river library teacher lesson homework equals angle verb noun);
sub prose {
    my $length = shift;
    my $text = '';
    $text .= $words[number(scalar @words)] . (number(12) ? ' ' : ".\n") while length $text < $length;
    return substr $text, 0, $length;
}

sub folder {
    my $path = '';
    for my $part (split m{/}, shift) { $path .= $part . '/'; mkdir $path; }
}

my $written = 0;
sub put {
    my ($path, $bytes, $mode) = @_;
    folder($1) if $path =~ m{^(.*)/[^/]*$};
    open my $file, '>:raw', $path or die "cannot write $path: $!\n";
    print {$file} $bytes;
    close $file or die "cannot write $path: $!\n";
    chmod $mode // 0644, $path;
    my $time = 1788000000 + number(20000000);
    utime $time, $time, $path if !defined $day && $written++ % 3;
}

if (defined $day) { one_day(); exit 0; }

# The bulk.
put(sprintf('public/uploads/photos/%02d/student-%06d.jpg', $_ * 4 % 40, $_ * 4), "\xff\xd8\xff\xe0" . noise(6000 + number(50000))) for 1 .. 520;
put(sprintf('public/uploads/homework/2026/%02d/essay-%05d.txt', 1 + $_ % 10, $_), prose(300 + number(14000))) for 1 .. 800;
put(sprintf('storage/app/private/exports/attendance-%03d.csv', $_), join '', map { sprintf "%d,2026-10-%02d,%s\n", $_ * 17, 1 + $_ % 28, number(9) ? 'present' : 'late' } 1 .. 200 + number(1500)) for 1 .. 60;
put(sprintf('storage/app/private/scans/scan-%03d.pdf', $_), "%PDF-1.7\n" . noise(80000 + number(300000))) for 1 .. 40;
put('public/uploads/films/graduation-2026.mp4', noise(9_500_000));
put('public/uploads/films/sports day.mov', noise(4_200_000));
put('storage/app/private/exports/all-grades.json', join "\n", map { sprintf '{"student":%d,"subject":%d,"score":%.2f}', $_, number(18), number(10000) / 100 } 1 .. 90000);

# The oddities: names, modes, links, emptiness, holes.
put('public/uploads/Запрошення на свято.docx', noise(22000));
put("public/uploads/\xe5\xad\xa6\xe6\xa0\xa1 \xf0\x9f\x8f\xab.png", noise(3000));
put("public/uploads/caf\xe9 menu (Latin-1).txt", "a name that is not UTF-8\n");
put("public/uploads/two\nlines.txt", "a line feed in the name\n");
put("public/uploads/quote \" backslash \\ star *.txt", "quoting\n");
put('public/uploads/' . ('long-name-' x 24) . '.txt', "240 characters and more\n");
put('storage/app/private/empty.bin', '');
put('storage/app/private/one-byte.bin', "\0");
put('storage/app/private/read-only.pdf', noise(5000), 0444);
put('storage/app/private/secret.key', noise(64), 0600);
put('storage/app/private/nightly.sh', "#!/bin/sh\nexec php artisan schedule:run\n", 0755);
put('storage/app/private/setgid-tool', "#!/bin/sh\n", 02755);
put('storage/app/private/zeros.img', "\0" x 3_000_000);
put('storage/app/public/logo.svg', '<svg xmlns="http://www.w3.org/2000/svg"><circle r="40"/></svg>');
folder($_) for 'public/uploads/empty folder', 'storage/app/private/shared', 'storage/app/private/drop', 'public/uploads/deep/' . join('/', map { "level-$_" } 1 .. 24);
put('public/uploads/deep/' . join('/', map { "level-$_" } 1 .. 24) . '/bottom.txt', "24 folders down\n");
chmod 02775, 'storage/app/private/shared';
chmod 01777, 'storage/app/private/drop';

open my $sparse, '>:raw', 'storage/app/private/sparse.img' or die "cannot write sparse.img: $!\n";
print {$sparse} 'head';
seek $sparse, 5_000_000, 0;
print {$sparse} 'tail';
close $sparse or die "cannot write sparse.img: $!\n";

link 'storage/app/private/scans/scan-001.pdf', 'storage/app/private/latest scan.pdf' or die "cannot link: $!\n";
link 'storage/app/private/scans/scan-001.pdf', 'public/uploads/scan-published.pdf' or die "cannot link: $!\n";
symlink '../../storage/app/public/logo.svg', 'public/uploads/logo.svg' or die "cannot link: $!\n";
symlink 'films', 'public/uploads/videos' or die "cannot link: $!\n";
symlink '/nonexistent/old-server/file.pdf', 'storage/app/private/dangling link' or die "cannot link: $!\n";

# What no backup should carry: dependencies, caches, logs.
put(sprintf('vendor/laravel/framework/src/Illuminate/Part%03d.php', $_), "<?php\n// " . prose(2000)) for 1 .. 150;
put(sprintf('node_modules/package-%03d/index.js', $_), '// ' . prose(1500)) for 1 .. 150;
put(sprintf('storage/framework/cache/data/%02x/entry', $_), noise(400)) for 1 .. 60;
put('storage/logs/laravel.log', prose(400_000));

# A day in the office: essays come in, a photo is retaken, a film grows at its end, a scan is renamed, old exports go.
sub one_day {
    put(sprintf('public/uploads/homework/2027/day-%03d/essay-%02d.txt', $day, $_), prose(400 + number(9000))) for 1 .. 25;
    put(sprintf('public/uploads/photos/%02d/student-%06d.jpg', $_ * 4 % 40, $_ * 4), "\xff\xd8\xff\xe0" . noise(6000 + number(50000))) for map { 1 + number(520) } 1 .. 6;
    put(sprintf('storage/app/private/scans/day-%03d.pdf', $day), "%PDF-1.7\n" . noise(150000));
    open my $film, '>>:raw', 'public/uploads/films/sports day.mov' or die "cannot append: $!\n";
    print {$film} noise(60000);
    close $film or die "cannot append: $!\n";
    rename sprintf('storage/app/private/scans/scan-%03d.pdf', 10 + $day), sprintf('storage/app/private/scans/filed on day %03d.pdf', $day);
    chmod 0600, sprintf('storage/app/private/scans/scan-%03d.pdf', 25 + $day % 15);
    unlink sprintf('storage/app/private/exports/attendance-%03d.csv', 1 + ($day * 3 + $_) % 60) for 0 .. 2;
}
